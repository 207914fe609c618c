import { LRUCache } from 'lru-cache';
import pMap from 'p-map';
import { algorithmOf, type Digest, hexOf } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import { type Referrer, referrerOf } from '../oci/referrer.ts';
import { tagCurrentKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Integrity } from './integrity.ts';
import { readLink } from './link.ts';
import { readRevision } from './revisions.ts';

const READS_AT_ONCE = 16;
const REMEMBERED_BYTES = 16 * 1024 * 1024;
/** A client may have listed a manifest before it was pushed. */
const REMEMBERED_MS = 60_000;

/**
 * The tag in which clients list the referrers of a manifest at registries without a referrers API (specification,
 * "Referrers Tag Schema"): the algorithm cut to 32 characters, the digits to 64.
 */
export function fallbackTag(subject: Digest): Tag {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}` as Tag;
}

/**
 * Referrers that clients recorded in fallback tags, which a registry that gains the API must continue to list
 * (specification, "Enabling the Referrers API"): those listed there whose own subject is this one. The tag itself is
 * left alone: with Distribution on the same bucket again, clients find it as it was.
 */
export class FallbackReferrers {
  readonly #objects: ObjectStore;
  readonly #integrity: Integrity;
  /** By repository, subject and the index that the tag names. */
  readonly #verified = new LRUCache<string, readonly Referrer[]>({
    maxSize: REMEMBERED_BYTES,
    ttl: REMEMBERED_MS,
    sizeCalculation: (referrers) => JSON.stringify(referrers).length + 200,
  });

  constructor(objects: ObjectStore, integrity: Integrity) {
    this.#objects = objects;
    this.#integrity = integrity;
  }

  /** Referrers that the subject's fallback tag lists; they were in the repository at most a minute ago. */
  async read(name: RepositoryName, subject: Digest): Promise<readonly Referrer[]> {
    const digest = await readLink(this.#objects, tagCurrentKey(name, fallbackTag(subject)));
    if (digest === undefined) return [];
    const key = `${name} ${subject} ${digest}`;
    const known = this.#verified.get(key);
    if (known) return known;
    const index = await readRevision(this.#objects, this.#integrity, name, digest);
    const referrers = await pMap(
      index?.manifests ?? [],
      async (child) => {
        const manifest = await readRevision(this.#objects, this.#integrity, name, child.digest);
        return manifest?.subject?.digest === subject ? [referrerOf(manifest)] : [];
      },
      { concurrency: READS_AT_ONCE },
    );
    this.#verified.set(key, referrers.flat());
    return referrers.flat();
  }
}

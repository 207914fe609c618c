import { LRUCache } from 'lru-cache';
import { algorithmOf, type Digest, hexOf } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import { type Referrer, referrerOf } from '../oci/referrer.ts';
import { tagCurrentKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Integrity } from './integrity.ts';
import { readLink } from './link.ts';
import { readRevision } from './revisions.ts';

const REMEMBERED_BYTES = 8 * 1024 * 1024;
/** A client may have listed a manifest before it was pushed. */
const REMEMBERED_MS = 60_000;

/** A referrer that was read, and what that cost. */
export interface ReadReferrer {
  /** Undefined where the repository has no such referrer of the subject. */
  readonly referrer: Referrer | undefined;
  readonly readBytes: number;
}

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
  /** By repository and the index that a tag names. */
  readonly #listed = new LRUCache<string, readonly Digest[]>({
    maxSize: REMEMBERED_BYTES,
    ttl: REMEMBERED_MS,
    sizeCalculation: (digests) => digests.length * 100 + 200,
  });
  /** By repository, subject and digest. */
  readonly #read = new LRUCache<string, ReadReferrer>({
    maxSize: REMEMBERED_BYTES,
    ttl: REMEMBERED_MS,
    sizeCalculation: ({ referrer }) => JSON.stringify(referrer ?? null).length + 300,
  });

  constructor(objects: ObjectStore, integrity: Integrity) {
    this.#objects = objects;
    this.#integrity = integrity;
  }

  /** What the subject's fallback tag lists, each once and in byte order: {@link read} says which are its referrers. */
  async listed(name: RepositoryName, subject: Digest): Promise<readonly Digest[]> {
    const digest = await readLink(this.#objects, tagCurrentKey(name, fallbackTag(subject)));
    if (digest === undefined) return [];
    const key = `${name} ${digest}`;
    const known = this.#listed.get(key);
    if (known) return known;
    const index = await readRevision(this.#objects, this.#integrity, name, digest);
    const listed = [...new Set(index?.manifests.map((child) => child.digest))].sort();
    this.#listed.set(key, listed);
    return listed;
  }

  /**
   * What was listed, if it is a referrer of the subject; it was in the repository at most a minute ago. Throws beyond
   * `mostBytes`.
   */
  async read(
    name: RepositoryName,
    subject: Digest,
    digest: Digest,
    mostBytes: number,
  ): Promise<ReadReferrer> {
    const key = `${name} ${subject} ${digest}`;
    const known = this.#read.get(key);
    if (known) return { ...known, readBytes: 0 };
    const manifest = await readRevision(this.#objects, this.#integrity, name, digest, mostBytes);
    const referrer = manifest?.subject?.digest === subject ? referrerOf(manifest) : undefined;
    const read = { referrer, readBytes: manifest?.bytes.length ?? 0 };
    this.#read.set(key, read);
    return read;
  }
}

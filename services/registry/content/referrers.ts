import pMap from 'p-map';
import type { Digest } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES, type Manifest } from '../oci/manifest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { type Referrer, ReferrerRecord, referrerOf } from '../oci/referrer.ts';
import type { Fence } from '../storage/fence.ts';
import { parseJson } from '../storage/json.ts';
import { referrerKey, referrersPrefix } from '../storage/layout.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { FallbackReferrers } from './fallback-referrers.ts';
import type { Integrity } from './integrity.ts';
import { resolveRevision } from './revisions.ts';

/** Which referrers to list. */
export interface ReferrersPage {
  readonly artifactType: string | undefined;
  /** Only those after this digest, in byte order. */
  readonly last: string | undefined;
  readonly limit: number;
}

/** An answer is no larger than a manifest may be: clients read it as one. */
const PAGE_MAX_BYTES = MANIFEST_MAX_BYTES - 64 * 1024;
const READS_AT_ONCE = 16;

/**
 * Which manifests are attached to which: signatures, SBOMs, attestations. One object for each referrer, so that no two
 * pushes can undo one another; in addition, what clients recorded in fallback tags while the bucket was Distribution's.
 */
export class Referrers {
  readonly #objects: ObjectStore;
  readonly #fallback: FallbackReferrers;

  constructor(objects: ObjectStore, integrity: Integrity) {
    this.#objects = objects;
    this.#fallback = new FallbackReferrers(objects, integrity);
  }

  /** Records that a manifest names this subject. */
  async add(name: RepositoryName, subject: Digest, manifest: Manifest, fence: Fence): Promise<void> {
    const { digest: _, ...record } = referrerOf(manifest);
    const bytes = Buffer.from(JSON.stringify(record));
    await this.#objects.put(referrerKey(name, subject, manifest.digest), bytes, { fence });
  }

  /** Forgets that a manifest, by any of these names, names this subject. */
  remove(name: RepositoryName, subject: Digest, digests: readonly Digest[], fence: Fence): Promise<void> {
    const keys = digests.map((digest) => referrerKey(name, subject, digest));
    return this.#objects.delete(keys, undefined, { fence });
  }

  /** One page of the manifests that name this subject and are in the repository, in the order of their digests. */
  async list(
    name: RepositoryName,
    subject: Digest,
    page: ReferrersPage,
  ): Promise<{ readonly referrers: readonly Referrer[]; readonly next: Digest | undefined }> {
    const digests = await this.digests(name, subject);
    const rest = digests.filter((digest) => page.last === undefined || digest > page.last);
    const referrers: Referrer[] = [];
    let sizeBytes = 0;
    for (let at = 0; at < rest.length; at += READS_AT_ONCE) {
      const some = rest.slice(at, at + READS_AT_ONCE);
      const read = await pMap(some, (digest) => this.#read(name, subject, digest));
      for (const referrer of read) {
        if (referrer === undefined) continue;
        if (page.artifactType !== undefined && referrer.artifactType !== page.artifactType) continue;
        sizeBytes += Buffer.byteLength(JSON.stringify(referrer));
        const isFull = referrers.length >= page.limit || sizeBytes > PAGE_MAX_BYTES;
        if (isFull && referrers.length > 0) return { referrers, next: referrers.at(-1)?.digest };
        referrers.push(referrer);
      }
    }
    return { referrers, next: undefined };
  }

  /** The digests of all that may name this subject, in byte order; some may have been deleted since. */
  async digests(name: RepositoryName, subject: Digest): Promise<Digest[]> {
    const prefix = referrersPrefix(name, subject);
    const digestIn = ({ key }: { key: string }) => key.slice(prefix.length).replace('/', ':') as Digest;
    const recorded = await Array.fromAsync(listAll(this.#objects, { prefix }), digestIn);
    const fallback = (await this.#fallback.read(name, subject)).map(({ digest }) => digest);
    return [...new Set([...recorded, ...fallback])].sort();
  }

  async #read(name: RepositoryName, subject: Digest, digest: Digest): Promise<Referrer | undefined> {
    const [bytes, stored] = await Promise.all([
      this.#objects.read(referrerKey(name, subject, digest), MANIFEST_MAX_BYTES),
      resolveRevision(this.#objects, name, digest),
    ]);
    // Deleted since, perhaps by a registry that knows no referrers.
    if (stored === undefined) return undefined;
    if (bytes) return { ...parseJson(ReferrerRecord, bytes), digest };
    const fallback = await this.#fallback.read(name, subject);
    return fallback.find((each) => each.digest === digest);
  }
}

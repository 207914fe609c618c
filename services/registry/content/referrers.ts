import pMap from 'p-map';
import type { Digest } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES, type Manifest } from '../oci/manifest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { type Referrer, ReferrerRecord, referrerOf } from '../oci/referrer.ts';
import { batchesOf } from '../storage/delete-all.ts';
import type { Fence } from '../storage/fence.ts';
import { parseJson } from '../storage/json.ts';
import { referrerKey, referrersPrefix } from '../storage/layout.ts';
import { listAll, type ObjectStore, ObjectTooLargeError } from '../storage/object-store.ts';
import { FallbackReferrers, type ReadReferrer } from './fallback-referrers.ts';
import type { Integrity } from './integrity.ts';
import { firstOf } from './name-order.ts';
import { resolveRevision } from './revisions.ts';

/** Which referrers to list. */
export interface ReferrersPage {
  readonly artifactType: string | undefined;
  /** Only those after this digest, in byte order. */
  readonly last: Digest | undefined;
  readonly limit: number;
}

/** An answer is no larger than a manifest may be: clients read it as one. */
const PAGE_MAX_BYTES = MANIFEST_MAX_BYTES - 64 * 1024;
const READS_AT_ONCE = 16;
/** Nearly all are smaller. Larger ones are read one after another: together they would fill the memory. */
const SMALL_MAX_BYTES = 128 * 1024;
/** What one page reads at most, whether it shows them or not; then it leads on. */
const READS_MAX = 1000;
const READ_MAX_BYTES = 16 * 1024 * 1024;

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

  /**
   * One page of the manifests that name this subject and are in the repository, in the order of their digests. It costs
   * what a page may read, however many there are: with a filter it may be empty, and lead on.
   */
  async list(
    name: RepositoryName,
    subject: Digest,
    page: ReferrersPage,
  ): Promise<{ readonly referrers: readonly Referrer[]; readonly next: Digest | undefined }> {
    const referrers: Referrer[] = [];
    let [sizeBytes, reads, readBytes] = [0, 0, 0];
    let next: Digest | undefined;
    for await (const some of batchesOf(this.#named(name, subject, page.last), READS_AT_ONCE)) {
      const small = await pMap(some, ({ digest }) =>
        this.#read(name, subject, digest, SMALL_MAX_BYTES).catch(undefinedIfLarge),
      );
      for (const [i, { digest }] of some.entries()) {
        if (reads >= READS_MAX || readBytes >= READ_MAX_BYTES) return { referrers, next };
        const read = small[i] ?? (await this.#read(name, subject, digest, MANIFEST_MAX_BYTES));
        const { referrer, readBytes: cost } = read;
        reads++;
        readBytes += cost;
        const isWanted = page.artifactType === undefined || referrer?.artifactType === page.artifactType;
        if (referrer !== undefined && isWanted) {
          sizeBytes += Buffer.byteLength(JSON.stringify(referrer));
          const isFull = referrers.length >= page.limit || sizeBytes > PAGE_MAX_BYTES;
          if (isFull && referrers.length > 0) return { referrers, next };
          referrers.push(referrer);
        }
        next = digest;
      }
    }
    return { referrers, next: undefined };
  }

  /**
   * The digests of all that name this subject, in byte order, up to one more than `most`; some may have been deleted
   * since.
   */
  async digests(name: RepositoryName, subject: Digest, most: number): Promise<Digest[]> {
    const { first: named } = await firstOf(this.#named(name, subject), most + 1);
    const small = await pMap(
      named,
      ({ digest, isRecorded }) =>
        isRecorded ||
        this.#fallback.read(name, subject, digest, SMALL_MAX_BYTES).then(isReferrer).catch(undefinedIfLarge),
      { concurrency: READS_AT_ONCE },
    );
    const digests: Digest[] = [];
    for (const [i, { digest }] of named.entries()) {
      const isOne =
        small[i] ?? isReferrer(await this.#fallback.read(name, subject, digest, MANIFEST_MAX_BYTES));
      if (isOne) digests.push(digest);
    }
    return digests;
  }

  /** What may name this subject, after `last`: recorded here, or listed by a client in the fallback tag. */
  async *#named(
    name: RepositoryName,
    subject: Digest,
    last?: Digest,
  ): AsyncGenerator<{ readonly digest: Digest; readonly isRecorded: boolean }> {
    const prefix = referrersPrefix(name, subject);
    const startAfter = last && referrerKey(name, subject, last);
    const listed = (await this.#fallback.listed(name, subject)).filter(
      (digest) => last === undefined || digest > last,
    );
    let at = 0;
    const listedBefore = function* (end?: Digest) {
      for (; at < listed.length; at++) {
        const digest = listed[at] as Digest;
        if (end !== undefined && digest >= end) break;
        yield { digest, isRecorded: false };
      }
    };
    for await (const { key } of listAll(this.#objects, { prefix, ...(startAfter && { startAfter }) })) {
      const digest = key.slice(prefix.length).replace('/', ':') as Digest;
      yield* listedBefore(digest);
      if (listed[at] === digest) at++;
      yield { digest, isRecorded: true };
    }
    yield* listedBefore();
  }

  /** One that may name this subject; throws {@link ObjectTooLargeError} beyond `mostBytes`. */
  async #read(
    name: RepositoryName,
    subject: Digest,
    digest: Digest,
    mostBytes: number,
  ): Promise<ReadReferrer> {
    const [bytes, stored] = await Promise.all([
      this.#objects.read(referrerKey(name, subject, digest), mostBytes),
      resolveRevision(this.#objects, name, digest),
    ]);
    const readBytes = bytes?.length ?? 0;
    // Deleted since, perhaps by a registry that knows no referrers.
    if (stored === undefined) return { referrer: undefined, readBytes };
    if (bytes) return { referrer: { ...parseJson(ReferrerRecord, bytes), digest }, readBytes };
    return this.#fallback.read(name, subject, digest, mostBytes);
  }
}

function isReferrer({ referrer }: ReadReferrer): boolean {
  return referrer !== undefined;
}

function undefinedIfLarge(error: unknown): undefined {
  if (!(error instanceof ObjectTooLargeError)) throw error;
}

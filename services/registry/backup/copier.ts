import type { Readable } from 'node:stream';
import { pMapIterable } from 'p-map';
import { Hasher, type Sha256Digest } from '../oci/digest.ts';
import { deleteAll } from '../storage/delete-all.ts';
import { digestOfData } from '../storage/layout-read.ts';
import { type ObjectStore, StoreUnavailableError, type Unlisted } from '../storage/object-store.ts';
import { mayLeadToContent } from '../storage/unlisted.ts';
import { type Compared, compareStores } from './compare.ts';
import { isFixed } from './kinds.ts';

/** Small objects at once, and blobs at once: of these, a megabyte or two is in memory each. */
const OBJECTS_AT_ONCE = 16;
const BLOBS_AT_ONCE = 4;
/** More than any object but a blob has. */
const SMALL_MAX_BYTES = 32 * 1024 * 1024;
const TRIES_MAX = 3;

/** What a run has done so far, or would do. */
export interface Progress {
  /** What it is at, for people. */
  area: string;
  /** Objects of the source that were looked at. */
  seen: number;
  copied: number;
  copiedBytes: number;
  deleted: number;
  verifiedBytes: number;
  /** What could not be copied, since the source itself is damaged: a sentence each. */
  readonly damage: string[];
}

/** The stores of a run, and how it is run. */
export interface CopierOptions {
  readonly source: ObjectStore;
  readonly target: ObjectStore;
  /** Count what would be done, and write nothing. */
  readonly isDryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What to do with the keys below a prefix. */
export interface CopyPlan {
  /** Which keys are copied; all unless given. */
  readonly isWanted?: (key: string) => boolean;
  /** Called with each key that the source has; the bytes only if they were read. */
  readonly onSource?: (key: string, bytes: Buffer | undefined) => void;
  /** Called with each key that only the target has. */
  readonly onGone?: (key: string) => void;
  /** Called with a key that was listed, and is no longer there. */
  readonly onVanished?: (key: string) => void;
}

/** Bytes that do not have the digest by which they are stored. */
export class DamagedBlobError extends Error {
  override name = 'DamagedBlobError';
}

/** Copies objects from one store to another. */
export class Copier {
  readonly source: ObjectStore;
  readonly target: ObjectStore;
  readonly isDryRun: boolean;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress = {
    ...{ area: 'looking', seen: 0, copied: 0, copiedBytes: 0, deleted: 0, verifiedBytes: 0 },
    damage: [],
  };
  readonly #unlisted = new Map<string, Unlisted>();
  readonly #damaged = new Set<Sha256Digest>();

  constructor({ source, target, isDryRun, signal }: CopierOptions) {
    this.source = source;
    this.target = target;
    this.isDryRun = isDryRun;
    this.signal = signal;
  }

  /** What the source has and cannot list; while there is anything, absence from a listing proves nothing. */
  get unlisted(): readonly Unlisted[] {
    return [...this.#unlisted.values()];
  }

  /** The keys below a prefix that the source or the target has. */
  compare(prefix: string): AsyncGenerator<Compared> {
    const { source, target, signal } = this;
    const onUnlisted = (entry: Unlisted) => {
      if (mayLeadToContent(entry.key)) this.#unlisted.set(entry.key, entry);
    };
    return compareStores(source, target, prefix, { signal, onUnlisted });
  }

  /** Copies what is new or has changed below a prefix; deletes nothing. */
  async copyBelow(prefix: string, { isWanted, onSource, onGone, onVanished }: CopyPlan = {}): Promise<void> {
    const act = async ({ key, inSource, inTarget }: Compared) => {
      if (isWanted?.(key) === false) return;
      if (!inSource) return onGone?.(key);
      this.progress.seen++;
      if (inTarget && isFixed(key)) return onSource?.(key, undefined);
      const copied = await this.copyOne(key, inTarget);
      if (copied === undefined) onVanished?.(key);
      else onSource?.(key, typeof copied === 'object' ? copied : undefined);
    };
    const all = pMapIterable(this.compare(prefix), act, { concurrency: this.#atOnce(prefix) });
    for await (const _ of all) this.signal?.throwIfAborted();
  }

  /** Copies one object; returns its bytes if it is small, true for a blob, undefined if the source does not have it. */
  async copyOne(key: string, isInTarget: boolean): Promise<Buffer | true | undefined> {
    const digest = digestOfData(key);
    if (digest !== undefined) return this.#copyBlob(key, digest);
    const bytes = await this.source.read(key, SMALL_MAX_BYTES, this.signal);
    if (bytes === undefined) return undefined;
    const before = isInTarget ? await this.target.read(key, SMALL_MAX_BYTES, this.signal) : undefined;
    if (before?.equals(bytes)) return bytes;
    if (!this.isDryRun) await this.target.put(key, bytes);
    this.#count(bytes.length);
    return bytes;
  }

  /** Deletes objects of the target that the source still does not have. */
  async deleteGone(keys: Iterable<string>): Promise<void> {
    const still = pMapIterable(
      keys,
      async (key) => ((await this.source.stat(key, this.signal)) === undefined ? [key] : []),
      { concurrency: OBJECTS_AT_ONCE },
    );
    await this.delete(flat(still));
  }

  /** Deletes objects of the target. */
  async delete(keys: AsyncIterable<string> | Iterable<string>): Promise<void> {
    const onDeleted = (objects: number) => {
      this.progress.deleted += objects;
    };
    const objects = this.isDryRun ? { delete: async () => undefined } : this.target;
    await deleteAll(objects, keys, { signal: this.signal, onDeleted });
  }

  async #copyBlob(key: string, digest: Sha256Digest): Promise<true | undefined> {
    if (this.isDryRun) {
      const stat = await this.source.stat(key, this.signal);
      if (stat) this.#count(stat.sizeBytes);
      return stat && true;
    }
    if (this.#damaged.has(digest)) return true;
    for (let tries = 1; ; tries++) {
      const found = await this.source.get(key, undefined, this.signal);
      if (found === undefined) return undefined;
      try {
        await this.target.put(key, verified(found.body, digest));
        this.#count(found.sizeBytes);
        return true;
      } catch (error) {
        if (error instanceof DamagedBlobError) {
          this.#damaged.add(digest);
          this.progress.damage.push(error.message);
          return true;
        }
        if (!(error instanceof StoreUnavailableError) || tries === TRIES_MAX) throw error;
      } finally {
        found.body.destroy();
      }
    }
  }

  #count(bytes: number): void {
    this.progress.copied++;
    this.progress.copiedBytes += bytes;
  }

  #atOnce(prefix: string): number {
    return prefix.includes('/blobs/') ? BLOBS_AT_ONCE : OBJECTS_AT_ONCE;
  }
}

/** Passes bytes on, and throws at their end if they do not have the digest: then the target keeps nothing of them. */
export async function* verified(body: Readable, digest: Sha256Digest): AsyncGenerator<Buffer> {
  const hasher = new Hasher();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    hasher.update(chunk);
    yield chunk;
  }
  const { canonicalDigest } = hasher.digests();
  if (canonicalDigest !== digest)
    throw new DamagedBlobError(`the blob ${digest} is damaged: its bytes are ${canonicalDigest}`);
}

async function* flat(batches: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  for await (const batch of batches) yield* batch;
}

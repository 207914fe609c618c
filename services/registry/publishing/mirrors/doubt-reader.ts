import { LRUCache } from 'lru-cache';
import type { Sha256Digest } from '../../oci/digest.ts';
import { isMalformed, tryParseJson } from '../../storage/json.ts';
import { MIRROR_DOUBTS_PREFIX } from '../../storage/layout.ts';
import { nodeOfDoubts } from '../../storage/layout-read.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';
import { DoubtsSchema } from './doubt-objects.ts';

/** An object that did not change for this long is deleted: its node writes another one when it has something new. */
const KEPT_MS = 60_000;
/** A hundred doubts are some 20 KB. */
const OBJECT_MAX_BYTES = 64 * 1024;
/** Nodes whose numbers are remembered, also of those that ended. */
const NODES_MAX = 1000;

/** What a reader knows of one node's object. */
interface Seen {
  /** The number of the newest doubt that was returned. */
  readonly number: number;
  /** When that was, by the monotonic clock. */
  readonly atMs: number;
}

/** A client came back for a blob after it had been sent to this mirror. */
export interface StoredDoubt {
  readonly mirror: string;
  readonly digest: Sha256Digest;
}

/** Reads, for a sync worker, the doubts that nodes without Redis stored. */
export class DoubtReader {
  readonly #objects: ObjectStore;
  readonly #now: () => number;
  /** By key. Kept when the object is deleted, since its node continues to count. */
  readonly #seen = new LRUCache<string, Seen>({ max: NODES_MAX });

  /** `now` in ms, monotonic. */
  constructor(objects: ObjectStore, now: () => number = () => performance.now()) {
    this.#objects = objects;
    this.#now = now;
  }

  /**
   * The doubts since the last call, each node's in order. With nothing to read it costs one listing; objects that no
   * longer change are deleted. Rejects if the store fails; the next call then returns what this one did not.
   */
  async read(signal?: AbortSignal): Promise<readonly StoredDoubt[]> {
    const fresh: StoredDoubt[] = [];
    const seen = new Map<string, Seen>();
    const old: string[] = [];
    for await (const { key } of listAll(this.#objects, { prefix: MIRROR_DOUBTS_PREFIX }, signal)) {
      if (nodeOfDoubts(key) === undefined) continue;
      const before = this.#seen.get(key) ?? { number: 0, atMs: this.#now() };
      const newer = (await this.#doubtsAt(key, signal)).filter(({ number }) => number > before.number);
      for (const { mirror, digest } of newer) fresh.push({ mirror, digest });
      const last = newer.at(-1);
      seen.set(key, last ? { number: last.number, atMs: this.#now() } : before);
      if (!last && this.#now() - before.atMs >= KEPT_MS) old.push(key);
    }
    for (const [key, what] of seen) this.#seen.set(key, what);
    // Another round tries again. A delete that overtakes a write takes nothing away for good: a node always writes its newest.
    await this.#objects.delete(old, signal, { durable: false }).catch(() => undefined);
    return fresh;
  }

  /** The doubts in an object; none if it is gone or damaged, or if a later version wrote it. */
  async #doubtsAt(key: string, signal: AbortSignal | undefined) {
    try {
      const bytes = await this.#objects.read(key, OBJECT_MAX_BYTES, signal);
      return (bytes && tryParseJson(DoubtsSchema, bytes)?.doubts) ?? [];
    } catch (error) {
      if (isMalformed(error)) return [];
      throw error;
    }
  }
}

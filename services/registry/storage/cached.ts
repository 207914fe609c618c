import { LRUCache } from 'lru-cache';

export interface CachedOptions<V> {
  /** Memory bound, in the unit of `sizeOf`. */
  readonly maxSize: number;
  /** @default each entry counts as one */
  readonly sizeOf?: (value: V, key: string) => number;
  /** No answer is older than this; finite even for data that never changes. */
  readonly maxAgeMs: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/** What came of a cache since the start, and what it holds now. */
export interface CacheUse {
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  readonly size: number;
}

interface Entry<V> {
  readonly value: V;
  readonly loadedAt: number;
  refreshing: boolean;
}

/**
 * A bounded cache of answers from the store. An answer older than half its age limit is returned once more while it is
 * renewed in the background: frequent keys never wait for the store, and no answer is staler than the limit. Concurrent
 * misses of one key share one load. Failures are not cached.
 */
export class Cached<V> {
  readonly #entries: LRUCache<string, Entry<V>>;
  /** Loads that are not outdated. */
  readonly #loading = new Map<string, Promise<V | undefined>>();
  readonly #maxAgeMs: number;
  readonly #now: () => number;
  #hits = 0;
  #misses = 0;

  constructor(options: CachedOptions<V>) {
    if (!Number.isFinite(options.maxAgeMs)) throw new RangeError('a cache needs a limit of age');
    const { maxSize, sizeOf = () => 1 } = options;
    this.#entries = new LRUCache({
      maxSize,
      sizeCalculation: (entry, key) => Math.max(1, Math.ceil(sizeOf(entry.value, key))),
    });
    this.#maxAgeMs = options.maxAgeMs;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The cached or loaded value; `undefined` from `load` means "does not exist" and is not cached. */
  get(key: string, load: () => Promise<V | undefined>): V | Promise<V | undefined> {
    const entry = this.#entries.get(key);
    const ageMs = entry === undefined ? Number.POSITIVE_INFINITY : this.#now() - entry.loadedAt;
    if (entry === undefined || ageMs > this.#maxAgeMs) {
      this.#misses++;
      return this.#load(key, load);
    }
    this.#hits++;
    if (ageMs > this.#maxAgeMs / 2 && !entry.refreshing) {
      entry.refreshing = true;
      this.#load(key, load).catch(() => {
        entry.refreshing = false;
      });
    }
    return entry.value;
  }

  /** How often it was asked and knew the answer, or did not; what it holds, and how much that is in the unit of `sizeOf`. */
  get use(): CacheUse {
    const { size: entries, calculatedSize: size } = this.#entries;
    return { hits: this.#hits, misses: this.#misses, entries, size };
  }

  /** Caches what the caller knows to be current, and outdates loads in progress. */
  set(key: string, value: V): void {
    this.#loading.delete(key);
    this.#entries.set(key, { value, loadedAt: this.#now(), refreshing: false });
  }

  /** Drops one answer, and outdates loads in progress. */
  invalidate(key: string): void {
    this.#loading.delete(key);
    this.#entries.delete(key);
  }

  /** Drops everything, and outdates loads in progress. */
  clear(): void {
    this.#loading.clear();
    this.#entries.clear();
  }

  #load(key: string, load: () => Promise<V | undefined>): Promise<V | undefined> {
    const underWay = this.#loading.get(key);
    if (underWay) return underWay;
    // The answer is as old as the request: the store may have changed since.
    const loadedAt = this.#now();
    const loading: Promise<V | undefined> = load()
      .then((value) => {
        // A load that was outdated in the meantime answers its callers, but must not be cached.
        if (this.#loading.get(key) !== loading) return value;
        if (value === undefined) this.#entries.delete(key);
        else this.#entries.set(key, { value, loadedAt, refreshing: false });
        return value;
      })
      .finally(() => {
        if (this.#loading.get(key) === loading) this.#loading.delete(key);
      });
    this.#loading.set(key, loading);
    return loading;
  }
}

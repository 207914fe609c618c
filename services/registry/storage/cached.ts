import { LRUCache } from 'lru-cache';

export interface CachedOptions<V> {
  /** Memory bound, in whatever unit `sizeOf` counts. */
  readonly maxSize: number;
  readonly sizeOf: (value: V, key: string) => number;
  /** No answer is older than this; finite, also for what never changes. */
  readonly maxAgeMs: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

interface Entry<V> {
  readonly value: V;
  readonly loadedAt: number;
  refreshing: boolean;
}

/**
 * A bounded memory of answers from the store. An answer older than half its age limit is given once more while it is
 * renewed behind the client's back, so what is asked for often never waits for the store, and what is not asked for
 * often is never stale beyond the limit. Concurrent misses of one key share one load. Failures are not kept.
 */
export class Cached<V> {
  readonly #entries: LRUCache<string, Entry<V>>;
  /** Loads that are not outdated. */
  readonly #loading = new Map<string, Promise<V | undefined>>();
  readonly #maxAgeMs: number;
  readonly #now: () => number;

  constructor(options: CachedOptions<V>) {
    if (!Number.isFinite(options.maxAgeMs)) throw new RangeError('a cache needs a limit of age');
    this.#entries = new LRUCache({
      maxSize: options.maxSize,
      sizeCalculation: (entry, key) => Math.max(1, Math.ceil(options.sizeOf(entry.value, key))),
    });
    this.#maxAgeMs = options.maxAgeMs;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The value at hand or loaded; `undefined` from `load` means "not there" and is not remembered. */
  get(key: string, load: () => Promise<V | undefined>): V | Promise<V | undefined> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return this.#load(key, load);
    const ageMs = this.#now() - entry.loadedAt;
    if (ageMs > this.#maxAgeMs) return this.#load(key, load);
    if (ageMs > this.#maxAgeMs / 2 && !entry.refreshing) {
      entry.refreshing = true;
      this.#load(key, load).catch(() => {
        entry.refreshing = false;
      });
    }
    return entry.value;
  }

  /** Remembers what the caller knows to be so, and outdates loads under way. */
  set(key: string, value: V): void {
    this.#loading.delete(key);
    this.#entries.set(key, { value, loadedAt: this.#now(), refreshing: false });
  }

  /** Forgets one answer, and outdates loads under way. */
  invalidate(key: string): void {
    this.#loading.delete(key);
    this.#entries.delete(key);
  }

  /** Forgets everything, and outdates loads under way. */
  clear(): void {
    this.#loading.clear();
    this.#entries.clear();
  }

  #load(key: string, load: () => Promise<V | undefined>): Promise<V | undefined> {
    const underWay = this.#loading.get(key);
    if (underWay) return underWay;
    // The answer is as old as the question: the store may have changed while it spoke.
    const loadedAt = this.#now();
    const loading: Promise<V | undefined> = load()
      .then((value) => {
        // A load that was outdated meanwhile answers those who asked, and must not bring the old answer back.
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

import { LRUCache } from 'lru-cache';
import {
  ATTEMPT_KINDS,
  type AttemptCounts,
  type AttemptKey,
  type AttemptKind,
} from '../registry/access/attempts.ts';

/** What is kept of each kind: some 20 MB if all were full. Clients may fail too rarely to fill one within an hour. */
const KEYS_MAX = 100_000;

interface Entry {
  count: number;
  /** When the count expires. */
  endsAt: number;
  /** When the next may pass. */
  opensAt: number;
}

export interface MemoryAttemptsOptions {
  /** How many keys of each kind are kept. */
  readonly keysMax?: number;
  /** In milliseconds; never set back, which would make clients wait for as long. */
  readonly now?: () => number;
}

/** Whole milliseconds: sums of fractions would be a little too long. */
const monotonicNow = () => Math.floor(performance.now());

/** Counts of one process. Beyond `keysMax`, those of the same kind that were not asked for longest are forgotten. */
export class MemoryAttempts implements AttemptCounts {
  readonly #now: () => number;
  readonly #kinds: ReadonlyMap<AttemptKind, LRUCache<string, Entry>>;

  constructor({ keysMax = KEYS_MAX, now = monotonicNow }: MemoryAttemptsOptions = {}) {
    this.#now = now;
    // Without `max`, which would reserve the memory for all of them now.
    const options = { maxSize: keysMax, sizeCalculation: () => 1 };
    this.#kinds = new Map(ATTEMPT_KINDS.map((kind) => [kind, new LRUCache<string, Entry>(options)]));
  }

  /** How many keys are kept. */
  get size(): number {
    return [...this.#kinds.values()].reduce((sum, { size }) => sum + size, 0);
  }

  async add(key: AttemptKey, points: number, windowMs: number): Promise<number> {
    const entry = this.#live(key);
    const count = (entry?.count ?? 0) + points;
    const { opensAt = 0 } = entry ?? {};
    if (count <= 0 && opensAt <= this.#now()) this.#of(key).delete(key);
    else if (count <= 0) this.#of(key).set(key, { count: 0, endsAt: 0, opensAt });
    else {
      const endsAt = entry && entry.count > 0 ? entry.endsAt : this.#now() + windowMs;
      this.#of(key).set(key, { count, endsAt, opensAt });
    }
    return Math.max(0, count);
  }

  async read(key: AttemptKey): Promise<number> {
    return this.#live(key)?.count ?? 0;
  }

  async mark(key: AttemptKey, windowMs: number): Promise<void> {
    this.#of(key).set(key, { count: 1, endsAt: this.#now() + windowMs, opensAt: 0 });
  }

  async pass(key: AttemptKey, durationMs: number): Promise<number> {
    const now = this.#now();
    const entry = this.#live(key) ?? { count: 0, endsAt: 0, opensAt: 0 };
    if (entry.opensAt > now) return entry.opensAt - now;
    this.#of(key).set(key, { ...entry, opensAt: now + durationMs });
    return 0;
  }

  async forget(key: AttemptKey): Promise<void> {
    this.#of(key).delete(key);
  }

  /** The entry of a key, without what has expired; asking keeps it from being displaced. */
  #live(key: AttemptKey): Entry | undefined {
    const entry = this.#of(key).get(key);
    if (entry === undefined) return undefined;
    const now = this.#now();
    if (entry.endsAt > now) return entry;
    if (entry.opensAt > now) return { ...entry, count: 0, endsAt: 0 };
    this.#of(key).delete(key);
    return undefined;
  }

  #of(key: AttemptKey): LRUCache<string, Entry> {
    const kind = key.slice(0, key.indexOf(':')) as AttemptKind;
    const entries = this.#kinds.get(kind);
    if (entries === undefined) throw new Error(`no kind of attempts: ${kind}`);
    return entries;
  }
}

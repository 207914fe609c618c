import { LRUCache } from 'lru-cache';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { AttemptCounts } from '../registry/access/attempts.ts';

/** The limiter itself has no bound on keys, which clients make up. */
const KEYS_MAX = 100_000;

/** Counts of one process. Beyond {@link KEYS_MAX}, the least recently used are forgotten. */
export class MemoryAttempts implements AttemptCounts {
  readonly #counter = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: 1 });
  readonly #gate = new RateLimiterMemory({ points: 1, duration: 1 });
  readonly #keys: LRUCache<string, true>;

  constructor({ keysMax = KEYS_MAX }: { keysMax?: number } = {}) {
    this.#keys = new LRUCache<string, true>({
      max: keysMax,
      dispose: (_, key) => void Promise.all([this.#counter.delete(key), this.#gate.delete(key)]),
      noDisposeOnSet: true,
    });
  }

  async add(key: string, points: number, windowMs: number): Promise<number> {
    this.#keys.set(key, true);
    const { consumedPoints } = await this.#counter.penalty(key, points, { customDuration: windowMs / 1000 });
    return consumedPoints;
  }

  async read(key: string): Promise<number> {
    return (await this.#counter.get(key))?.consumedPoints ?? 0;
  }

  async pass(key: string, durationMs: number): Promise<number> {
    this.#keys.set(key, true);
    return passed(this.#gate.consume(key, 1, { customDuration: durationMs / 1000 }));
  }

  async forget(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#keys.delete(key);
  }
}

/** 0, or how long to wait, ms: the limiter refuses by rejecting with it. Throws other errors. */
export async function passed(consuming: Promise<unknown>): Promise<number> {
  try {
    await consuming;
    return 0;
  } catch (error) {
    const { msBeforeNext } = error as { msBeforeNext?: unknown };
    if (typeof msBeforeNext !== 'number') throw error;
    return Math.max(1, msBeforeNext);
  }
}

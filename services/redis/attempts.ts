import { RateLimiterRedis } from 'rate-limiter-flexible';
import { MemoryAttempts, passed } from '../memory/attempts.ts';
import type { AttemptCounts } from '../registry/access/attempts.ts';
import type { RedisConnection } from './connect.ts';
import type { RedisHealth } from './health.ts';

/** After a failure Redis is not asked for this long: a silent one would make every login wait. */
const PAUSE_MS = 2000;

/** Counts over all nodes of a registry. While Redis is down, each process counts for itself. */
export class RedisAttempts implements AttemptCounts {
  readonly #counter: RateLimiterRedis;
  readonly #gate: RateLimiterRedis;
  readonly #local = new MemoryAttempts();
  readonly #health: RedisHealth;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor({ commands }: RedisConnection, { prefix }: { readonly prefix: string }, health: RedisHealth) {
    const common = { storeClient: commands, duration: 1, rejectIfRedisNotReady: true };
    this.#counter = new RateLimiterRedis({
      ...{ ...common, keyPrefix: `${prefix}attempts`, points: Number.MAX_SAFE_INTEGER },
    });
    this.#gate = new RateLimiterRedis({ ...common, keyPrefix: `${prefix}gates`, points: 1 });
    this.#health = health;
  }

  add(key: string, points: number, windowMs: number): Promise<number> {
    return this.#or(
      async () => {
        const options = { customDuration: windowMs / 1000 };
        return (await this.#counter.penalty(key, points, options)).consumedPoints;
      },
      () => this.#local.add(key, points, windowMs),
    );
  }

  read(key: string): Promise<number> {
    return this.#or(
      async () => (await this.#counter.get(key))?.consumedPoints ?? 0,
      () => this.#local.read(key),
    );
  }

  pass(key: string, durationMs: number): Promise<number> {
    const customDuration = Math.max(1, Math.round(durationMs / 1000));
    return this.#or(
      () => passed(this.#gate.consume(key, 1, { customDuration })),
      () => this.#local.pass(key, durationMs),
    );
  }

  async forget(keys: readonly string[]): Promise<void> {
    await this.#local.forget(keys);
    await this.#or(
      async () => {
        await Promise.all(keys.flatMap((key) => [this.#counter.delete(key), this.#gate.delete(key)]));
      },
      async () => undefined,
    );
  }

  async #or<T>(ask: () => Promise<T>, instead: () => Promise<T>): Promise<T> {
    if (performance.now() < this.#pausedUntil) return instead();
    try {
      return await ask();
    } catch {
      this.#health.failed('attempts');
      this.#pausedUntil = performance.now() + PAUSE_MS;
      return instead();
    }
  }
}

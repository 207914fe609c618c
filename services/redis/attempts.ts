import { MemoryAttempts } from '../memory/attempts.ts';
import type { AttemptCounts, AttemptKey } from '../registry/access/attempts.ts';
import { ADD, PASS } from './attempt-scripts.ts';
import type { RedisConnection } from './connect.ts';
import type { RedisHealth } from './health.ts';

/** After a failure Redis is not asked for this long: a silent one would make every login wait. */
const PAUSE_MS = 2000;

export interface RedisAttemptsOptions {
  readonly prefix: string;
  /** In milliseconds since 1970, as on the other nodes. */
  readonly now?: () => number;
}

/** Counts over all nodes of a registry. While Redis is down, each process counts for itself. */
export class RedisAttempts implements AttemptCounts {
  readonly #commands: RedisConnection['commands'];
  readonly #options: Required<RedisAttemptsOptions>;
  readonly #local: MemoryAttempts;
  readonly #health: RedisHealth;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor({ commands }: RedisConnection, options: RedisAttemptsOptions, health: RedisHealth) {
    const { prefix, now = Date.now } = options;
    this.#commands = commands;
    this.#options = { prefix, now };
    this.#local = new MemoryAttempts();
    this.#health = health;
  }

  add(key: AttemptKey, points: number, windowMs: number): Promise<number> {
    return this.#or(
      async () =>
        Number(await this.#commands.eval(ADD, 1, this.#count(key), points, windowMs, this.#options.now())),
      () => this.#local.add(key, points, windowMs),
    );
  }

  read(key: AttemptKey): Promise<number> {
    return this.#or(
      async () => {
        const [count = 0, endsAt = 0] = ((await this.#commands.get(this.#count(key))) ?? '')
          .split(':')
          .map(Number);
        return endsAt > this.#options.now() ? count : 0;
      },
      () => this.#local.read(key),
    );
  }

  mark(key: AttemptKey, windowMs: number): Promise<void> {
    return this.#or(
      async () => {
        const value = `1:${this.#options.now() + windowMs}`;
        await this.#commands.set(this.#count(key), value, 'PX', windowMs);
      },
      () => this.#local.mark(key, windowMs),
    );
  }

  pass(key: AttemptKey, durationMs: number): Promise<number> {
    return this.#or(
      async () =>
        Number(await this.#commands.eval(PASS, 1, this.#gate(key), durationMs, this.#options.now())),
      () => this.#local.pass(key, durationMs),
    );
  }

  async forget(key: AttemptKey): Promise<void> {
    await this.#local.forget(key);
    await this.#or(
      // One by one: in a cluster they are on different nodes.
      async () =>
        void (await Promise.all([this.#count(key), this.#gate(key)].map((each) => this.#commands.del(each)))),
      async () => undefined,
    );
  }

  #count(key: AttemptKey): string {
    return `${this.#options.prefix}login-attempts:${key}`;
  }

  #gate(key: AttemptKey): string {
    return `${this.#options.prefix}login-gates:${key}`;
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

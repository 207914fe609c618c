import { setTimeout as sleep } from 'node:timers/promises';
import { busy, LOCK_PATIENCE_MS, MemoryLocks } from '../memory/locks.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Locks } from '../registry/storage/locks.ts';
import type { RedisConnection } from './connect.ts';
import type { RedisHealth } from './health.ts';
import { Lease } from './lease.ts';
import { NOTE, RELEASE, RENEW, TAKE } from './scripts.ts';

/** How long a lock outlives its holder, and how long Redis grants none after it may have lost some. */
const TTL_MS = 5000;
const RETRY_MIN_MS = 10;
const RETRY_MAX_MS = 200;

export interface RedisLocksOptions {
  readonly prefix: string;
  readonly ttlMs?: number;
  readonly patienceMs?: number;
}

/**
 * Locks over all processes of a registry, held in one Redis (or the master that Sentinels name, or one node of a cluster)
 * while it answers. docs/decisions/0008-redis.md says what that guarantees, and when two may hold a lock.
 */
export class RedisLocks implements Locks {
  readonly #connection: RedisConnection;
  readonly #health: RedisHealth;
  readonly #options: Required<RedisLocksOptions>;
  /** Within this process, only one caller at a time asks Redis for a lock. */
  readonly #local: MemoryLocks;

  constructor(connection: RedisConnection, options: RedisLocksOptions, health: RedisHealth) {
    const { prefix, ttlMs = TTL_MS, patienceMs = LOCK_PATIENCE_MS } = options;
    this.#connection = connection;
    this.#health = health;
    this.#options = { prefix, ttlMs, patienceMs };
    this.#local = new MemoryLocks({ patienceMs });
    connection.commands.on('ready', () => {
      this.#run(NOTE, '', '').catch(() => this.#health.failed('locks'));
    });
  }

  async withLock<T>(name: string, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const until = performance.now() + this.#options.patienceMs;
    return this.#local.withLock(name, async () => {
      const lease = await this.#take(name, until);
      let answer: T;
      let isCertain: boolean;
      try {
        answer = await act(lease.signal);
        isCertain = lease.isCertain;
      } catch (error) {
        await lease.release();
        // Such an error is a consequence of losing the lock.
        throw lease.signal.aborted ? lost(name, error) : error;
      }
      const wasHeld = await lease.release();
      if (isCertain && wasHeld) return answer;
      throw lost(name, lease.signal.reason);
    });
  }

  /** Retries with backoff and jitter. Throws UNAVAILABLE when it takes too long. */
  async #take(name: string, until: number): Promise<Lease> {
    const token = crypto.randomUUID();
    const calls = {
      renew: async () => (await this.#run(RENEW, name, token)) === 1,
      release: async () => (await this.#run(RELEASE, name, token)) === 1,
    };
    let cause: unknown;
    for (let pauseMs = RETRY_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS)) {
      const askedAt = performance.now();
      let waitMs = -1;
      try {
        waitMs = await this.#run(TAKE, name, token);
        cause = undefined;
        if (waitMs === 0) {
          const lease = new Lease(calls, askedAt, this.#options.ttlMs, this.#health);
          if (lease.isCertain) return lease;
          await lease.release();
        }
      } catch (error) {
        // It may have succeeded: the next attempt finds out, by the same token.
        this.#health.failed('locks');
        cause = error;
      }
      const leftMs = until - performance.now();
      if (leftMs <= 0) break;
      await sleep(Math.min(leftMs, Math.max(waitMs, pauseMs * (0.5 + Math.random() / 2))));
    }
    if (cause !== undefined) await calls.release().catch(() => undefined);
    throw busy(name, cause instanceof Error ? new Error(cause.message) : undefined);
  }

  /** Both keys have one hash tag: a cluster runs a script on one node. */
  async #run(script: string, name: string, token: string): Promise<number> {
    const { prefix } = this.#options;
    const keys = [`${prefix}{locks}:${name}`, `${prefix}{locks}`];
    return Number(
      await this.#connection.commands.eval(script, keys.length, ...keys, token, this.#options.ttlMs),
    );
  }
}

function lost(name: string, cause: unknown): RegistryError {
  return new RegistryError(
    'UNAVAILABLE',
    'lock lost during the operation; another process may have done the same work. Try again',
    undefined,
    new Error(`the lock ${name} was lost`, { cause }),
  );
}

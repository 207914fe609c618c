import { RegistryError } from '../../registry/oci/errors.ts';
import type { Locks } from '../../registry/storage/locks.ts';

/** The default time limit for waiting for a lock. */
export const LOCK_PATIENCE_MS = 10_000;

/** Locks within one process, first come, first served: enough if no other process writes to the store. */
export class MemoryLocks implements Locks {
  readonly #patienceMs: number;
  /** For each name that is held or waited for, the last in its queue. */
  readonly #queues = new Map<string, Promise<void>>();

  constructor({ patienceMs = LOCK_PATIENCE_MS }: { patienceMs?: number } = {}) {
    this.#patienceMs = patienceMs;
  }

  async hold<T>(name: string, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const { promise: over, resolve: leave } = Promise.withResolvers<void>();
    const after = before.then(() => over);
    this.#queues.set(name, after);
    try {
      await this.#turn(name, before);
      return await act(new AbortController().signal);
    } finally {
      leave();
      if (this.#queues.get(name) === after) this.#queues.delete(name);
    }
  }

  async #turn(name: string, before: Promise<void>): Promise<void> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(busy(name)), this.#patienceMs);
    try {
      await Promise.race([before, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The error for a caller that cannot get the lock. The lock's name, which contains bucket and key, is for the log. */
export function busy(name: string, cause?: unknown): RegistryError {
  return new RegistryError(
    'UNAVAILABLE',
    'too many clients are doing this at the same time; try again',
    undefined,
    new Error(`the lock ${name} was not free in time`, { cause }),
  );
}

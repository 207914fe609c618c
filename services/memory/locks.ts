import { RegistryError } from '../registry/oci/errors.ts';
import type { Locks } from '../registry/storage/locks.ts';

/** How long a caller waits for a lock, unless given. */
export const LOCK_PATIENCE_MS = 10_000;

/** Locks within one process, in order of request: enough where no other process writes to the store. */
export class MemoryLocks implements Locks {
  readonly #patienceMs: number;
  /** For each name that is held or waited for, the last in its queue. */
  readonly #queues = new Map<string, Promise<void>>();

  constructor({ patienceMs = LOCK_PATIENCE_MS }: { patienceMs?: number } = {}) {
    this.#patienceMs = patienceMs;
  }

  async withLock<T>(name: string, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const { promise: over, resolve: leave } = Promise.withResolvers<void>();
    const after = before.then(() => over);
    this.#queues.set(name, after);
    try {
      await this.#wait(name, before);
      return await act(new AbortController().signal);
    } finally {
      leave();
      if (this.#queues.get(name) === after) this.#queues.delete(name);
    }
  }

  async #wait(name: string, before: Promise<void>): Promise<void> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(busy(name)), this.#patienceMs);
    try {
      await Promise.race([before, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The error of a caller that cannot get a lock. The lock's name, which has bucket and key, is for the log. */
export function busy(name: string, cause?: unknown): RegistryError {
  return new RegistryError(
    'UNAVAILABLE',
    'too many clients do this at the same time; try again',
    undefined,
    new Error(`the lock ${name} was not free in time`, { cause }),
  );
}

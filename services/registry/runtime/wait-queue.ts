export interface WaitQueueOptions {
  /** How many calls run at once. */
  readonly atOnce: number;
  /** When calls are refused instead of waiting; without, any number waits for as long as it takes. */
  readonly limits?: {
    /** How many calls wait at most. */
    readonly waiting: number;
    /** How long a call waits at most. */
    readonly waitMaxMs: number;
    /** The error of a refused call. */
    readonly refuse: () => Error;
  };
}

/** Bounds how many calls run at once; the others wait in the order in which they came. */
export class WaitQueue {
  readonly #options: WaitQueueOptions;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(options: WaitQueueOptions) {
    this.#options = options;
  }

  /**
   * Runs `act` in its turn. Throws `limits.refuse()` when too many calls wait, or this one has waited too long; rejects
   * with the signal's reason when that aborts the wait.
   */
  async run<T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const { atOnce, limits } = this.#options;
    if (this.#running < atOnce) this.#running++;
    else if (limits && this.#waiting.size >= limits.waiting) throw limits.refuse();
    else await this.#turn(signal);
    try {
      return await act();
    } finally {
      const [next] = this.#waiting;
      // The place is handed on rather than given back, so that no newcomer gets in between.
      if (next === undefined) this.#running--;
      else {
        this.#waiting.delete(next);
        next();
      }
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    const { limits } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const leave = (reason: unknown) => {
      if (this.#waiting.delete(resolve)) reject(reason);
    };
    const onAbort = () => leave(signal?.reason);
    const timer = limits && setTimeout(() => leave(limits.refuse()), limits.waitMaxMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

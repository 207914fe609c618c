import { tooMany } from './too-many.ts';

export interface WaitQueueOptions {
  /** How many calls run at once. */
  readonly atOnce: number;
  /** How many calls wait at most; further ones are refused at once. */
  readonly waiting: number;
  /** A call that has waited for longer is refused, too. */
  readonly waitMaxMs: number;
  /** Message of the refusal. */
  readonly refusal: string;
}

/** `Retry-After` of a refusal: most of those that wait now are through by then. */
const RETRY_AFTER_MS = 2000;

/** Bounds how many calls run at once and how many wait, in the order in which they came. */
export class WaitQueue {
  readonly #options: WaitQueueOptions;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(options: WaitQueueOptions) {
    this.#options = options;
  }

  /**
   * Runs `act` in its turn. Throws TOO_MANY_REQUESTS when too many calls wait, or this one has waited too long; rejects
   * with the signal's reason when that aborts the wait.
   */
  async run<T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const { atOnce, waiting, refusal } = this.#options;
    if (this.#running < atOnce) this.#running++;
    else if (this.#waiting.size >= waiting) throw tooMany(refusal, RETRY_AFTER_MS);
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
    const { waitMaxMs, refusal } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const leave = (reason: unknown) => {
      if (this.#waiting.delete(resolve)) reject(reason);
    };
    const onAbort = () => leave(signal?.reason);
    const timer = setTimeout(() => leave(tooMany(refusal, RETRY_AFTER_MS)), waitMaxMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

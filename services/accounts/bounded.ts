import { tooMany } from '../registry/access/too-many.ts';

export interface BoundedOptions {
  readonly atOnce: number;
  /** More than so many are turned away instead of waiting. */
  readonly waiting: number;
  /** Nobody waits longer; then they are turned away, too. */
  readonly waitMaxMs: number;
  /** What those are told. */
  readonly refusal: string;
}

/** For whoever is turned away: most of those who waited are through by then. */
const RETRY_AFTER_MS = 2000;

/** Work of which only so much is done at once and only so much waits, so that whoever comes next is told at once. */
export class Bounded {
  readonly #options: BoundedOptions;
  #running = 0;
  readonly #queue = new Set<() => void>();

  constructor(options: BoundedOptions) {
    this.#options = options;
  }

  /**
   * Runs `act` in its turn. Throws TOO_MANY_REQUESTS when too many wait, or it has waited too long; rejects when the
   * signal aborts the wait.
   */
  async run<T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const { atOnce, waiting, refusal } = this.#options;
    if (this.#running < atOnce) this.#running++;
    else if (this.#queue.size >= waiting) throw tooMany(refusal, RETRY_AFTER_MS);
    else await this.#turn(signal);
    try {
      return await act();
    } finally {
      const [next] = this.#queue;
      // A place is handed on rather than given back, so that nobody gets in between.
      if (next === undefined) this.#running--;
      else {
        this.#queue.delete(next);
        next();
      }
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    const { waitMaxMs, refusal } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.add(resolve);
    const leave = (reason: unknown) => {
      if (this.#queue.delete(resolve)) reject(reason);
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

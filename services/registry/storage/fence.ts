/** Assumed of every store and network: a request takes effect within this time of being made, or never. */
export const LATE_MS = 60_000;

/**
 * Keeps one's writes from harming what others wrote later. A request may be sent again by a client library, held by a
 * network, or made by a process that was paused; where the store cannot refuse it then, the writer is given a fence.
 */
export interface Fence {
  /**
   * Called right before each attempt of a write, on a file system before each call that changes something. Throws when it
   * is too late to make the attempt.
   */
  check(): void;
  /**
   * Called when an attempt was made and the store gave no certain answer: it may still take effect, even if the write
   * fails, or another attempt succeeds.
   */
  doubt(): void;
}

/** How long after it was decided on the one attempt of {@link OneAttempt} may be made. */
const ATTEMPT_WITHIN_MS = 4000;

/**
 * A fence for a write that is made once: after an attempt without a certain answer there is no other, and none is made by
 * a process that was paused since it decided on it.
 */
export class OneAttempt implements Fence {
  readonly #now: () => number;
  readonly #decidedAt: number;
  #hasDoubt = false;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#decidedAt = now();
  }

  /** Whether the write may still take effect. */
  get hasDoubt(): boolean {
    return this.#hasDoubt;
  }

  check(): void {
    if (this.#hasDoubt) throw new Error('the request was made, and has no answer: it is not made again');
    if (this.#now() - this.#decidedAt > ATTEMPT_WITHIN_MS)
      throw new Error('this process was paused, or the store is slow: nothing was changed, try again');
  }

  doubt(): void {
    this.#hasDoubt = true;
  }
}

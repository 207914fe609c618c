/** Something did not happen in time. The message says what, for people. */
export class DeadlineError extends Error {
  override name = 'DeadlineError';
}

/** Longest time of a timer. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * Ends a request that makes no progress. `expect` begins a wait, for the other side; `pause` ends it, while the other side
 * is not to blame. Its signal aborts with a {@link DeadlineError}, or with the reason of `stop`. Disposing ends it.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #stop: AbortSignal;
  readonly #onStop: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    this.#onStop = () => this.#controller.abort(stop.reason);
    if (stop.aborted) this.#onStop();
    else stop.addEventListener('abort', this.#onStop, { once: true });
  }

  /** Aborts when a deadline has passed, or `stop` does. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether a deadline has passed. */
  get hasPassed(): boolean {
    return this.#controller.signal.reason instanceof DeadlineError;
  }

  /** The next step must come within this time, or the request ends with `late` as its message. */
  expect(limitMs: number, late: string): void {
    this.pause();
    // What reads on after the end must not keep the process alive.
    if (this.#isOver || this.#controller.signal.aborted) return;
    this.#timer = setTimeout(() => this.fail(late), Math.min(limitMs, TIMER_MAX_MS));
  }

  /** Nothing is expected of the other side for now. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the request now. */
  fail(late: string): void {
    this.#controller.abort(new DeadlineError(late));
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.pause();
    this.#stop.removeEventListener('abort', this.#onStop);
  }
}

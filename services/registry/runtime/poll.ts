import type { Log } from './log.ts';
import { WakeSignal } from './waiting.ts';

export interface PollOptions {
  /** One round. What it throws ends the round, not the poll; the signal aborts when the poll is disposed. */
  readonly act: (signal: AbortSignal) => Promise<void>;
  /** The pause after each round. */
  readonly everyMs: number;
  /** True when the caller has just done a round itself: the first one comes after a pause. @default false */
  readonly isFirstDone?: boolean;
  readonly log: Log;
  /** Logged as a warning for the first failure in a row. */
  readonly failure: string;
}

/**
 * Does something again and again until disposed. Disposing waits for the round under way. The pauses do not keep the
 * process alive.
 */
export class Poll implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #wake = new WakeSignal();
  readonly #running: Promise<void>;

  constructor(options: PollOptions) {
    this.#running = this.#run(options);
  }

  /** Begins the next round now; during a round, right after it. */
  notify(): void {
    this.#wake.notify();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run({ act, everyMs, isFirstDone = false, log, failure }: PollOptions): Promise<void> {
    const { signal } = this.#stop;
    let isFailing = false;
    if (isFirstDone) await this.#wake.wait(everyMs, signal, { ref: false });
    while (!signal.aborted) {
      try {
        await act(signal);
        isFailing = false;
      } catch (error) {
        if (!isFailing && !signal.aborted) log.warn({ err: error }, failure);
        isFailing = true;
      }
      await this.#wake.wait(everyMs, signal, { ref: false });
    }
  }
}

import { busy, clientGone } from './refusals.ts';
import type { TurnClock } from './timing.ts';

/** How long a change waits: until a deadline, and only while its client does. */
export class Patience implements Disposable {
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly #clock: TurnClock;
  readonly #over = Promise.withResolvers<never>();
  readonly #cancel: () => void;

  constructor(clock: TurnClock, ms: number, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.deadline = clock.now() + ms;
    this.signal = signal;
    this.#over.promise.catch(() => undefined);
    this.#cancel = clock.later(ms, async () => this.#over.reject(busy()));
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  /** Rejects with UNAVAILABLE or CLIENT_GONE. */
  get isOver(): Promise<never> {
    return this.#over.promise;
  }

  /** Throws CLIENT_GONE when the client has gone. */
  throwIfGone(): void {
    if (this.signal?.aborted) throw clientGone(this.signal.reason);
  }

  /** Waits without regard to the deadline. Throws CLIENT_GONE. */
  async pause(ms: number): Promise<void> {
    await this.#clock.wait(Math.max(0, ms), this.signal).catch((error: unknown) => {
      this.throwIfGone();
      throw error;
    });
  }

  [Symbol.dispose](): void {
    this.#cancel();
    this.signal?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#over.reject(clientGone(this.signal?.reason));
}

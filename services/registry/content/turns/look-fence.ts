import type { Fence } from '../../storage/fence.ts';
import { clientGone } from './refusals.ts';
import type { TurnClock } from './timing.ts';

/** For writes without a turn, soon after a look that found nothing at odds with them. */
export class LookFence implements Fence {
  readonly #clock: TurnClock;
  readonly #validUntil: number;
  readonly #signal: AbortSignal | undefined;
  #hasDoubt = false;
  #isShut = false;

  /** To be made before the look. */
  constructor(clock: TurnClock, validMs: number, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#validUntil = clock.now() + validMs;
    this.#signal = signal;
  }

  /** Whether a write may still take effect, even if it failed or was made again. */
  get hasDoubt(): boolean {
    return this.#hasDoubt;
  }

  /** Whether a write was refused because the look was too long ago. */
  get isShut(): boolean {
    return this.#isShut;
  }

  check(): void {
    if (this.#signal?.aborted) throw clientGone(this.#signal.reason);
    this.#isShut ||= this.#clock.now() >= this.#validUntil;
    if (this.#isShut) throw new Error('too long ago it was seen that nothing is at odds with this write');
  }

  doubt(): void {
    this.#hasDoubt = true;
  }
}

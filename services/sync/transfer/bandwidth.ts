import { setTimeout as sleep } from 'node:timers/promises';

/** What may be sent at once after a pause. */
const BURST_MS = 250;

/** Bounds the bytes per second of everything that goes through it: each waits for those that came before. */
export class Bandwidth {
  readonly #bytesPerMs: number;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** Without a rate nothing waits. */
  constructor(bytesPerS = Number.POSITIVE_INFINITY) {
    this.#bytesPerMs = bytesPerS / 1000;
  }

  /** Waits until these bytes may be sent; rejects with the signal's reason when that aborts the wait. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return;
    const now = performance.now();
    this.#nextAt = Math.max(this.#nextAt, now - BURST_MS) + bytes / this.#bytesPerMs;
    const waitMs = this.#nextAt - now;
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
  }
}

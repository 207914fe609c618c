import { setTimeout as sleep } from 'node:timers/promises';

/** Something that can be woken before its time is up. */
export class Alarm {
  #ring: (() => void) | undefined;
  #rung = false;

  /** Ends the wait under way, or the next one at once. */
  ring(): void {
    this.#rung = true;
    this.#ring?.();
  }

  /** Waits until rung, until `timeoutMs` is over, or until the signal aborts; never rejects. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const timer = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#ring = resolve;
      });
      const slept = sleep(timeoutMs, undefined, { signal: AbortSignal.any([signal, timer.signal]) });
      await Promise.race([rung, slept.catch(() => undefined)]);
      timer.abort();
    }
    this.#rung = false;
    this.#ring = undefined;
  }
}

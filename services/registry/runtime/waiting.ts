/** Something that can be woken before its time is up. */
export class Alarm {
  #wake: (() => void) | undefined;
  #rung = false;

  /** Ends the wait under way, or the next one at once. */
  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Waits until rung, until `timeoutMs` is over, or until the signal aborts; never rejects. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = resolve;
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort);
      await promise;
      clearTimeout(timer);
      // A signal that lives as long as the process must not gather listeners.
      signal.removeEventListener('abort', onAbort);
    }
    this.#rung = false;
    this.#wake = undefined;
  }
}

/** Waits for what others wait for, too, but no longer than the signal lets us; rejects with its reason then. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

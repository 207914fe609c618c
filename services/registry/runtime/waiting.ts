/** Something that can be woken before its time is up. */
export class WakeSignal {
  #wake: (() => void) | undefined;
  #notified = false;

  /** Ends the wait under way, or the next one at once. */
  notify(): void {
    this.#notified = true;
    this.#wake?.();
  }

  /**
   * Waits until notified, until `timeoutMs` is over, or until the signal aborts; never rejects. With `ref: false` the
   * wait does not keep the process alive.
   */
  async wait(timeoutMs: number, signal: AbortSignal, { ref = true } = {}): Promise<void> {
    if (!this.#notified && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      if (!ref) timer.unref();
      this.#wake = resolve;
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort);
      await promise;
      clearTimeout(timer);
      // A signal that lives as long as the process must not gather listeners.
      signal.removeEventListener('abort', onAbort);
    }
    this.#notified = false;
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

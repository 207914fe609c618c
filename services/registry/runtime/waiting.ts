/** A sleep that can be ended early. */
export class WakeSignal {
  #wake: (() => void) | undefined;
  #notified = false;

  /** Ends the current wait, or else the next one as soon as it begins. */
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
      // A signal that lives as long as the process must not accumulate listeners.
      signal.removeEventListener('abort', onAbort);
    }
    this.#notified = false;
    this.#wake = undefined;
  }
}

/** Waits for a shared promise, but no longer than the signal allows; then rejects with the signal's reason. */
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

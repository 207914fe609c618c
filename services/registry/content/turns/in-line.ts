/** Lets one at a time through for each name, in the order in which they came. */
export class InLine {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Runs `act` when all that came before it have ended, however they did. Rejects without that when `gaveUp` rejects
   * before: whoever waits for long must not keep a place.
   */
  async next<T>(name: string, gaveUp: Promise<never>, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const { promise: over, resolve: leave } = Promise.withResolvers<void>();
    const after = before.then(() => over);
    this.#last.set(name, after);
    try {
      await Promise.race([before, gaveUp]);
      return await act();
    } finally {
      leave();
      if (this.#last.get(name) === after) this.#last.delete(name);
    }
  }
}

/** Lets one at a time through for each name, in the order in which they came. */
export class InLine {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `act` when all that came before it have ended, however they did. */
  async next<T>(name: string, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(act, act);
    const settled = mine.catch(() => undefined);
    this.#last.set(name, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    }
  }
}

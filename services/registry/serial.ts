/** Lets acts under one key happen one after the other, in the order asked; under different keys they go side by side. */
export class Serial {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `act` when all earlier ones under `key` are over, however they ended. */
  async run<T>(key: string, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const running = before.then(act, act);
    this.#last.set(key, running);
    try {
      return await running;
    } finally {
      if (this.#last.get(key) === running) this.#last.delete(key);
    }
  }
}

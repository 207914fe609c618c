/** One who waits in a line. */
export interface Waiting {
  /** Called when its wait is over, and it can no longer leave. */
  readonly begin: () => void;
}

/** Lines by name, each served by one at a time, in the order in which those came who wait. */
export class Lines<T extends Waiting> {
  readonly #serve: (name: string, first: T, line: readonly T[]) => Promise<void>;
  readonly #lines = new Map<string, T[]>();

  /**
   * `serve` is called for the first of a line, who has left it, with those who still wait: {@link leave} takes more of
   * them along. It does not throw.
   */
  constructor(serve: (name: string, first: T, line: readonly T[]) => Promise<void>) {
    this.#serve = serve;
  }

  /** Lines one up. */
  enter(name: string, one: T): void {
    const line = this.#lines.get(name);
    if (line) line.push(one);
    else void this.#run(name, [one]);
  }

  /** Takes one out of a line; false if its wait is over already. */
  leave(name: string, one: T): boolean {
    const line = this.#lines.get(name);
    const at = line?.indexOf(one) ?? -1;
    if (at !== -1) line?.splice(at, 1);
    return at !== -1;
  }

  async #run(name: string, line: T[]): Promise<void> {
    this.#lines.set(name, line);
    for (let first = line.shift(); first; first = line.shift()) {
      first.begin();
      await this.#serve(name, first, line);
    }
    this.#lines.delete(name);
  }
}

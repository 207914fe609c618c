/** The parts of a process by name, disposed in reverse order; lists those that have not been disposed yet. */
export class HeldParts implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #names: string[] = [];

  /** Holds a part until the process ends. */
  use<T extends AsyncDisposable>(name: string, part: T): T {
    this.#names.push(name);
    this.#stack.defer(async () => {
      await part[Symbol.asyncDispose]();
      this.#names.splice(this.#names.lastIndexOf(name), 1);
    });
    return part;
  }

  /** The names of parts that are still held; the one being disposed is the last. */
  get names(): readonly string[] {
    return this.#names;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

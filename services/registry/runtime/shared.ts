/** Work that is done once at a time: callers that come while it runs get the result of that run. */
export class Shared<T> {
  readonly #act: () => Promise<T>;
  #running: Promise<T> | undefined;

  constructor(act: () => Promise<T>) {
    this.#act = act;
  }

  /** The run under way; undefined when nothing runs. */
  get running(): Promise<T> | undefined {
    return this.#running;
  }

  /** Joins the run under way, or starts one. Rejects with what it throws; the next call starts again. */
  run(): Promise<T> {
    this.#running ??= this.#act().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }
}

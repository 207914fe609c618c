import type { Log } from '../registry/runtime/log.ts';

/** Work of which one runs at a time: the next one begins when the one before has ended, and left its leases. */
export class Work<T extends AsyncDisposable> implements AsyncDisposable {
  readonly #log: Log;
  #current: T | undefined;
  #changing: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** What runs now; undefined between two of them. */
  get current(): T | undefined {
    return this.#current;
  }

  /** Ends what runs, then starts the next one; disposes `opened` instead if this work is over. Never rejects. */
  replace(start: () => T, opened?: AsyncDisposable): Promise<void> {
    this.#changing = this.#changing.then(async () => {
      await this.#end();
      if (!this.#isOver) this.#current = start();
      else await opened?.[Symbol.asyncDispose]();
    });
    return this.#changing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#changing;
    await this.#end();
  }

  async #end(): Promise<void> {
    const ending = this.#current;
    this.#current = undefined;
    try {
      await ending?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#log.warn({ err: error }, 'work that was to end ended with an error');
    }
  }
}

import ora, { type Ora } from 'ora';
import { printable } from './printable.ts';

/** A line on a terminal that shows progress, and that the next text replaces. */
export class Spinner {
  readonly #ora: Ora;

  private constructor(text: string) {
    this.#ora = ora({ text: printable(text) }).start();
  }

  /** Undefined if nobody is at a terminal. */
  static start(text: string): Spinner | undefined {
    return process.stderr.isTTY === true ? new Spinner(text) : undefined;
  }

  show(text: string): void {
    this.#ora.text = printable(text);
  }

  /** Removes the line until its next change. */
  clear(): void {
    this.#ora.clear();
  }

  stop(): void {
    this.#ora.stop();
  }

  succeed(text: string): void {
    this.#ora.succeed(printable(text));
  }

  fail(text: string): void {
    this.#ora.fail(printable(text));
  }
}

import { readFile } from '../../../files/settings-files.ts';
import type { Log } from '../../../registry/runtime/log.ts';
import { OperatorError } from '../../../registry/runtime/operator-error.ts';
import { onReload } from '../../../registry/runtime/reload.ts';

/** So often files are read: a key that is to be used has to lie there for longer before. */
const POLL_MS = 5000;

/** A file, and the key of the configuration that names it. */
export interface NamedFile {
  readonly key: string;
  readonly path: string;
}

/**
 * What files hold, as they are now: read again and again. When they hold nothing that can be used, what was last good
 * stays in use, and the log says so once.
 */
export class FollowedFiles<T> implements Disposable {
  readonly #files: readonly NamedFile[];
  readonly #parse: (texts: readonly string[]) => T;
  readonly #log: Log;
  readonly #listeners: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #onReload: Disposable;
  #texts: readonly string[];
  #value: T;
  #trouble: string | undefined;

  private constructor(
    files: readonly NamedFile[],
    parse: (texts: readonly string[]) => T,
    log: Log,
    texts: readonly string[],
  ) {
    this.#files = files;
    this.#parse = parse;
    this.#log = log;
    this.#texts = texts;
    this.#value = parse(texts);
    this.#timer = setInterval(() => void this.#look(), POLL_MS).unref();
    this.#onReload = onReload(() => void this.#look());
  }

  /** Throws an Error that names the key, or what `parse` throws: a start with files that cannot be used is a mistake. */
  static async open<T>(
    files: readonly NamedFile[],
    parse: (texts: readonly string[]) => T,
    log: Log,
  ): Promise<FollowedFiles<T>> {
    return new FollowedFiles(files, parse, log, await read(files));
  }

  get value(): T {
    return this.#value;
  }

  /** Calls `listener` after the files have changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#onReload[Symbol.dispose]();
  }

  async #look(): Promise<void> {
    try {
      const texts = await read(this.#files);
      this.#trouble = undefined;
      if (texts.every((text, i) => text === this.#texts[i])) return;
      this.#value = this.#parse(texts);
      this.#texts = texts;
      this.#log.info({ files: this.#files.map(({ path }) => path) }, 'new keys of tokens are in use');
      for (const listener of this.#listeners) listener();
    } catch (error) {
      const trouble = error instanceof Error ? error.message : String(error);
      if (trouble !== this.#trouble)
        this.#log.error({ trouble }, 'keys of tokens cannot be used; the old ones stay in use');
      this.#trouble = trouble;
    }
  }
}

function read(files: readonly NamedFile[]): Promise<string[]> {
  return Promise.all(
    files.map(({ key, path }) =>
      readFile(path, 'utf8').catch((error: unknown) => {
        const reason = (error as NodeJS.ErrnoException).code ?? String(error);
        throw new OperatorError(`${key} = ${path}: the file cannot be read (${reason})`);
      }),
    ),
  );
}

import { messageOf } from './message-of.ts';
import { onReload } from './reload.ts';
import { Shared } from './shared.ts';

/** What one look at the files found. */
export interface Found<T> {
  /** Differs whenever the content does. */
  readonly version: string;
  /** Makes a value of the content; throws what is wrong with it. */
  readonly parse: () => T | Promise<T>;
}

export interface FollowedOptions<T> {
  /** Looks at the files; throws when they cannot be read. */
  readonly look: () => Promise<Found<T>>;
  /** Gets, once for each state of the files, why they cannot be used. */
  readonly onTrouble?: (reason: string) => void;
  /** Called after each look. */
  readonly afterLook?: () => void;
  /** Trouble counts once it has lasted for this long. @default 1000 */
  readonly secondLookMs?: number;
}

/** Two files may be written one after the other. */
const SECOND_LOOK_MS = 1000;

/**
 * A value read from files that the operator changes while the registry runs. Files that cannot be used are reported
 * once, the last good value stays in use, and the files are tried again at each look.
 */
export class Followed<T> implements Disposable {
  readonly #options: FollowedOptions<T>;
  readonly #looking = new Shared(() => this.#look());
  readonly #listeners: ((value: T) => void)[] = [];
  readonly #following = new DisposableStack();
  #version: string;
  #value: T;
  #lookedAtMs = performance.now();
  #soon: NodeJS.Timeout | undefined;
  /** What was wrong at the last look, and what was last reported. */
  #suspect: string | undefined;
  #reported: string | undefined;

  /** Reads the files. Throws what is wrong with them: a start with files that cannot be used is a mistake. */
  static async open<T>(options: FollowedOptions<T>): Promise<Followed<T>> {
    const { version, parse } = await options.look();
    return new Followed(options, version, await parse());
  }

  constructor(options: FollowedOptions<T>, version: string, value: T) {
    this.#options = options;
    this.#version = version;
    this.#value = value;
  }

  /** The last good value. */
  get value(): T {
    return this.#value;
  }

  /** The last good value, after a look if the last one is older than `maxAgeMs`. */
  async current(maxAgeMs: number): Promise<T> {
    if (performance.now() - this.#lookedAtMs >= maxAgeMs) await this.#looking.run();
    return this.#value;
  }

  /** Looks at SIGHUP, and every `pollMs` if given, until disposed. */
  follow(pollMs?: number): this {
    this.#following.use(onReload(() => void this.#refresh()));
    if (pollMs !== undefined)
      this.#following.adopt(setInterval(() => void this.#refresh(), pollMs).unref(), clearInterval);
    return this;
  }

  /** Looks in `delayMs`; several calls in that time make one look. */
  refreshIn(delayMs: number): void {
    if (this.#following.disposed || this.#soon) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      void this.#refresh();
    }, delayMs).unref();
  }

  /** Calls `listener` with each new value. */
  onChange(listener: (value: T) => void): this {
    this.#listeners.push(listener);
    return this;
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]();
    clearTimeout(this.#soon);
  }

  /** A look that began before the call may have read old content. */
  async #refresh(): Promise<void> {
    await this.#looking.running;
    await this.#looking.run();
  }

  async #look(): Promise<void> {
    let version = '';
    try {
      const found = await this.#options.look();
      version = found.version;
      if (version !== this.#version) await this.#use(found);
      this.#suspect = undefined;
      this.#reported = undefined;
    } catch (error) {
      this.#report(version, messageOf(error));
    }
    this.#lookedAtMs = performance.now();
    if (!this.#following.disposed) this.#options.afterLook?.();
  }

  async #use({ version, parse }: Found<T>): Promise<void> {
    const value = await parse();
    if (this.#following.disposed) return;
    // First the listeners: one that cannot use the value keeps the old one everywhere.
    for (const listener of this.#listeners) listener(value);
    this.#value = value;
    this.#version = version;
  }

  #report(version: string, reason: string): void {
    const fault = `${version} ${reason}`;
    if (this.#following.disposed || !this.#options.onTrouble || fault === this.#reported) return;
    if (fault !== this.#suspect) {
      this.#suspect = fault;
      this.refreshIn(this.#options.secondLookMs ?? SECOND_LOOK_MS);
      return;
    }
    this.#reported = fault;
    this.#options.onTrouble(reason);
  }
}

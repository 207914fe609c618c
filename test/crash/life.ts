/** Where a process dies: just before or just after its write with this number (from 1). */
export interface Death {
  readonly point: number;
  readonly when: 'before' | 'after';
}

/** A write that a process made, or died at. */
export interface WritePoint {
  readonly number: number;
  /** The operation and what kind of key it was for, for people. */
  readonly what: string;
}

/**
 * The life of a process, as a store sees it: its writes are numbered, and at one of them it may die. From then on
 * nothing that it asks is ever answered, so none of its code runs any further: no handler of errors, no `finally`, no
 * answer to a client. Only what it has written is left.
 */
export class Life {
  readonly points: WritePoint[] = [];
  readonly #death: Death | undefined;
  readonly #kill: () => void = () => undefined;
  readonly #died = Promise.withResolvers<void>();
  readonly #remains: (() => Promise<void>)[] = [];
  isOver = false;

  /** `kill` ends it in earnest, where there is a process to end. */
  constructor(death?: Death, kill?: () => void) {
    this.#death = death;
    if (kill) this.#kill = kill;
  }

  /** Settles when it dies. */
  get died(): Promise<void> {
    return this.#died.promise;
  }

  /** What a process does at any time but for writing; never settles in one that is dead. */
  async act<T>(action: () => Promise<T>): Promise<T> {
    if (this.isOver) return never();
    const result = await action();
    return this.isOver ? never() : result;
  }

  /** A write: `apply` makes it, in one moment. */
  async write<T>(what: string, apply: () => Promise<T>): Promise<T> {
    if (this.isOver) return never();
    const number = this.points.length + 1;
    this.points.push({ number, what });
    if (this.#death?.point !== number) return this.act(apply);
    if (this.#death.when === 'after') await apply();
    this.end();
    return never();
  }

  /** Has something done that the death of a real process does by itself. */
  atDeath(act: () => Promise<void>): void {
    this.#remains.push(act);
  }

  /** It is over, now. */
  end(): void {
    this.isOver = true;
    this.#kill();
    this.#died.resolve();
  }

  /** Ends it, and returns when all is as a dead process leaves it. */
  async bury(): Promise<void> {
    this.end();
    for (const act of this.#remains.splice(0)) await act();
  }
}

/** What the dead answer. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

interface Trouble {
  readonly fromMs: number;
  untilMs: number;
}

/** What an API node's death breaks besides what it had under way: connections that nginx kept to it. */
const AFTERMATH_MS = 1500;

/** When API nodes were being stopped, killed or started: then a request may fail, and at no other time. */
export class Troubles {
  readonly #troubles: Trouble[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Something is done to nodes from now on, until the answer is called. */
  begin(): () => void {
    const trouble = { fromMs: this.#now(), untilMs: Number.POSITIVE_INFINITY };
    this.#troubles.push(trouble);
    return () => {
      trouble.untilMs = this.#now() + AFTERMATH_MS;
    };
  }

  /** Whether a request that was sent at this moment, and has failed now, may have failed. */
  excuses(sentAtMs: number): boolean {
    const nowMs = this.#now();
    return this.#troubles.some(({ fromMs, untilMs }) => fromMs <= nowMs && untilMs >= sentAtMs);
  }
}

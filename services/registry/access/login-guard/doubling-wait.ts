import type { AttemptCounts, AttemptKey } from '../attempts.ts';

/** A counter, and how many failures it allows without a wait. */
export interface Tier {
  readonly key: AttemptKey;
  readonly free: number;
}

const WINDOW_MS = 3_600_000;
const FIRST_WAIT_MS = 1000;

/**
 * Counters of failures within an hour. Beyond the free ones, each failure doubles the wait for the next attempt. An attempt
 * is counted before it is made, so that a thousand at once get no more tries than a thousand in a row.
 */
export class DoublingWait {
  readonly #counts: AttemptCounts;
  #maxWaitMs: number;

  constructor(counts: AttemptCounts, maxWaitMs: number) {
    this.#counts = counts;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Changes the longest wait; what was counted stays counted. */
  adjust(maxWaitMs: number): void {
    this.#maxWaitMs = maxWaitMs;
  }

  /** Counts an attempt as failed: 0, or how long it has to wait, ms; then it is not counted, and creates no key. */
  async enter({ key, free }: Tier): Promise<number> {
    const before = await this.#counts.read(key);
    if (before >= free) {
      const waitMs = await this.#pass(key, before - free);
      if (waitMs === 0) await this.#counts.add(key, 1, WINDOW_MS);
      return waitMs;
    }
    const after = await this.#counts.add(key, 1, WINDOW_MS);
    if (after <= free) return 0;
    // Others tried at the same time.
    const waitMs = await this.#pass(key, after - 1 - free);
    if (waitMs > 0) await this.takeBack({ key });
    return waitMs;
  }

  /** The attempt did not fail. */
  async takeBack({ key }: Pick<Tier, 'key'>): Promise<void> {
    await this.#counts.add(key, -1, WINDOW_MS);
  }

  /** 1 s, 2 s, 4 s, … */
  #pass(key: AttemptKey, excess: number): Promise<number> {
    return this.#counts.pass(key, Math.min(FIRST_WAIT_MS * 2 ** Math.min(excess, 30), this.#maxWaitMs));
  }
}

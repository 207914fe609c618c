import type { AttemptCounts, AttemptKey } from '../attempts.ts';
import { type Point, SlidingCount } from './sliding-count.ts';

/** An attempt of a client that is not known to an account, by the keys of its counts. */
export interface StrangersAttempt {
  readonly account: AttemptKey;
  /** The client's /24 or /48, and its /16 or /32, at this account. */
  readonly networks: () => { readonly network: AttemptKey; readonly supernet: AttemptKey };
}

/** An attempt that may be made and counts as failed, or how long it has to wait. */
export type Admission =
  | { readonly waitMs: 0; takeBack(): Promise<void> }
  | { readonly waitMs: number; readonly takeBack?: never };

const HOUR_MS = 3_600_000;

/**
 * The failures that an account allows strangers within an hour. An owner at a new address looks like an attacker at a new
 * address until a hash is computed. So each network from which nobody failed lately gets one attempt, whatever others do;
 * the more failures come from around a client, the fewer failures of all strangers together make it wait
 * (docs/decisions/0021-login-guard.md).
 */
export class StrangersBudget {
  readonly #hour: SlidingCount;
  readonly #day: SlidingCount;
  #attempts: number;

  constructor(counts: AttemptCounts, attempts: number, now: () => number) {
    this.#hour = new SlidingCount({ counts, windowMs: HOUR_MS, now });
    this.#day = new SlidingCount({ counts, windowMs: 24 * HOUR_MS, now });
    this.#attempts = attempts;
  }

  /** Changes how many failures are free; what was counted stays counted. */
  adjust(attempts: number): void {
    this.#attempts = attempts;
  }

  /** Counts an attempt as failed, or says how long it has to wait; then it is not counted, and leaves no key. */
  async enter({ account, networks }: StrangersAttempt): Promise<Admission> {
    const [hour, day] = [this.#hour, this.#day];
    const before = await hour.read(account);
    // Reads first: a flood of attempts that have to wait writes nothing.
    if (before >= this.#attempts) {
      const { network, supernet } = networks();
      const [near, around] = await Promise.all([day.read(network), day.read(supernet)]);
      if (before >= this.#allowed(near, around)) return { waitMs: hour.untilLowerMs };
    }
    const points: Point[] = [await hour.add(account)];
    const takeBack = async () => void (await Promise.all(points.map((point) => point.takeBack())));
    const others = (points[0]?.total ?? 1) - 1;
    // Before that many, nobody has to wait, and it need not be remembered who failed: made-up names cost no more keys.
    if (others < this.#attempts) return { waitMs: 0, takeBack };
    const { network, supernet } = networks();
    const [near, around] = await Promise.all([day.add(network), day.add(supernet)]);
    points.push(near, around);
    if (others < this.#allowed(near.total - 1, around.total - 1)) return { waitMs: 0, takeBack };
    await takeBack();
    return { waitMs: hour.untilLowerMs };
  }

  /** How many failures of all strangers make a client wait, by the day's failures of its network and its supernet. */
  #allowed(near: number, around: number): number {
    if (around === 0) return Number.POSITIVE_INFINITY;
    if (around === 1) return Math.round(2.5 * this.#attempts);
    if (near === 0) return 2 * this.#attempts;
    if (around === 2) return Math.round(1.5 * this.#attempts);
    return this.#attempts;
  }
}

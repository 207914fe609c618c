import type { AttemptCounts, AttemptKey } from '../attempts.ts';

export interface SlidingCountOptions {
  readonly counts: AttemptCounts;
  readonly windowMs: number;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

/** A point that was counted. */
export interface Point {
  /** The count with it. */
  readonly total: number;
  takeBack(): Promise<void>;
}

/** The window moves on by a quarter at a time, so that it covers between one and one and a quarter of its length. */
const PARTS = 4;

/**
 * Counts what happened within the last `windowMs`. A window that began with the first event would let twice the number
 * happen around its end; this one never covers less than its length.
 */
export class SlidingCount {
  readonly #options: SlidingCountOptions;
  readonly #partMs: number;

  constructor(options: SlidingCountOptions) {
    this.#options = options;
    this.#partMs = options.windowMs / PARTS;
  }

  async read(key: AttemptKey): Promise<number> {
    const part = this.#part;
    const [current, earlier] = await Promise.all([
      this.#options.counts.read(`${key}:${part}`),
      this.#before(key, part),
    ]);
    return current + earlier;
  }

  /** Counts one more. */
  async add(key: AttemptKey): Promise<Point> {
    const { counts, windowMs } = this.#options;
    const part = this.#part;
    const current: AttemptKey = `${key}:${part}`;
    const lifeMs = windowMs + this.#partMs;
    // What the addition answers, not what a later read finds: of two at the same time, one is the first.
    const total = (await counts.add(current, 1, lifeMs)) + (await this.#before(key, part));
    return {
      total,
      takeBack: async () => void (await counts.add(current, -1, lifeMs)),
    };
  }

  /** How long until the count can be lower, ms. */
  get untilLowerMs(): number {
    return this.#partMs - (this.#options.now() % this.#partMs);
  }

  async #before(key: AttemptKey, part: number): Promise<number> {
    const parts = Array.from({ length: PARTS }, (_, age) =>
      this.#options.counts.read(`${key}:${part - age - 1}`),
    );
    return (await Promise.all(parts)).reduce((sum, count) => sum + count, 0);
  }

  get #part(): number {
    return Math.floor(this.#options.now() / this.#partMs);
  }
}

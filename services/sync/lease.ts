import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import { type Held, Terms } from '../registry/storage/terms.ts';
import { holderIsGone, holderName } from './holder.ts';

/** How often workers look at one another. */
export interface LeaseTiming {
  /** How often the holder shows that it lives. */
  readonly beatMs: number;
  /** A holder that did not move for so long has lost its term. */
  readonly silenceMs: number;
  /** How often those who wait look. */
  readonly lookMs: number;
}

export const LEASE_TIMING: LeaseTiming = { beatMs: 3000, silenceMs: 15_000, lookMs: 1000 };

/** Another worker has the work now. */
export class LeaseLostError extends Error {
  constructor(prefix: string) {
    super(`another worker has taken over what is kept in ${prefix}`);
    this.name = 'LeaseLostError';
  }
}

const BeatSchema = z.object({
  version: z.literal(1),
  /** The worker that holds this term. */
  holder: z.string(),
  /** Counts up while the worker lives: others judge by seeing it move, not by comparing clocks. */
  beat: z.int().nonnegative(),
  /** When it last beat, RFC 3339 UTC, for people. */
  beatAt: z.string(),
  /** An earlier holder may still have a request under way: who takes over has to wait as long as this one had to. */
  mayHavePredecessor: z.boolean().optional(),
});
type Beat = z.infer<typeof BeatSchema>;

/** What a lease is of. */
export interface LeaseOf<F> {
  readonly objects: ObjectStore;
  /** Where its terms lie; ends in `/`. */
  readonly prefix: string;
  /** What the holder tells of its work, beside that it lives. */
  readonly facts: z.ZodType<F>;
  /** The facts of the first holder. */
  readonly initial: F;
}

/** A worker's hold on some work: the right to do it, and to tell how it fares. */
export class Lease<F extends object> {
  readonly #terms: Terms<Beat & F>;
  readonly #prefix: string;
  readonly #timing: LeaseTiming;
  readonly #term: number;
  #value: Beat & F;
  #shownAt = performance.now();
  /** All holders before have certainly ended, or there was none: nothing of them can be under way any more. */
  readonly isSuccessionClean: boolean;
  #mayHavePredecessor: boolean;

  private constructor(
    terms: Terms<Beat & F>,
    prefix: string,
    timing: LeaseTiming,
    { term, value }: Held<Beat & F>,
    isSuccessionClean: boolean,
  ) {
    this.#terms = terms;
    this.#prefix = prefix;
    this.#timing = timing;
    this.#term = term;
    this.#value = value;
    this.isSuccessionClean = isSuccessionClean;
    this.#mayHavePredecessor = !isSuccessionClean;
  }

  /** Waits until no other worker holds the work, then holds it. */
  static async acquire<F extends object>(
    { objects, prefix, facts, initial }: LeaseOf<F>,
    signal: AbortSignal,
    timing: LeaseTiming = LEASE_TIMING,
  ): Promise<Lease<F>> {
    const terms = new Terms(objects, prefix, z.intersection(BeatSchema, facts));
    let last: { beat: string; seenAt: number } | undefined;
    for (;;) {
      signal.throwIfAborted();
      const current = await terms.read(signal);
      const beat = current ? `${current.term}.${current.value.beat}` : '';
      if (last?.beat !== beat) last = { beat, seenAt: performance.now() };
      const isFree = current === undefined || holderIsGone(current.value.holder);
      if (isFree || performance.now() - last.seenAt > timing.silenceMs) {
        const isClean = isFree && current?.value.mayHavePredecessor !== true;
        const value = { ...initial, ...current?.value, ...beatOf(holderName(), 0, !isClean) };
        const acquired = await terms.acquire(current, value);
        if (acquired) return new Lease(terms, prefix, timing, acquired, isClean);
      }
      await sleep(timing.lookMs, undefined, { signal });
    }
  }

  /** What was last told of the work, at first by the holder before. */
  get facts(): F {
    return this.#value;
  }

  /** False when this worker did not show itself for so long that another may have taken over. */
  get isFresh(): boolean {
    return performance.now() - this.#shownAt < this.#timing.silenceMs;
  }

  /** Beats until the signal aborts; throws {@link LeaseLostError} when the term is over or cannot be shown to go on. */
  async keep(facts: () => F, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#show(facts());
      } catch (error) {
        if (error instanceof LeaseLostError || !this.isFresh) throw error;
      }
      await sleep(this.#timing.beatMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** To be called when nothing of earlier holders can be under way any more: the next holder need not wait for that. */
  outwaited(): void {
    this.#mayHavePredecessor = false;
  }

  /** Tells the last facts, and lets the next worker begin at once. */
  async release(facts: F): Promise<void> {
    await this.#show(facts, '').catch(() => undefined);
  }

  async #show(facts: F, holder = this.#value.holder): Promise<void> {
    const value = { ...facts, ...beatOf(holder, this.#value.beat + 1, this.#mayHavePredecessor) };
    const shownAt = performance.now();
    if (!(await this.#terms.write({ term: this.#term, value }))) throw new LeaseLostError(this.#prefix);
    this.#value = value;
    this.#shownAt = shownAt;
  }
}

function beatOf(holder: string, beat: number, mayHavePredecessor: boolean): Beat {
  return { version: 1, holder, beat, beatAt: new Date().toISOString(), mayHavePredecessor };
}

import { expect } from 'chai';
import type { Scenario } from '../crash/scenario.ts';
import { PlacesSeen, type WritePlace, writePlaces } from '../crash/write-places.ts';
import { Random } from '../faults/random.ts';
import type { Outcome, Reference } from './play.ts';
import { SUCCESSIONS } from './scenarios/all.ts';

/** What the choice of ways comes from: `LATE_SEED`, or another one each time. */
export const SEED = Number(process.env['LATE_SEED'] ?? Date.now() % 2 ** 31);
const IS_NIGHTLY = process.env['NIGHTLY'] === '1';
/** Of each story whose steps take something back, this many ways are tried, and of any other. */
const MOST = { successions: Number(process.env['LATE_MOST'] ?? 8), others: 1 };

/** As they were when the services were loaded. */
const PLACES = writePlaces();

/**
 * The ways of stories that are tried: all of them at night. Otherwise a few by chance, and one more for each place in the
 * services that writes to the store and has not had its turn: so each has.
 */
export class Sample {
  readonly isWhole = IS_NIGHTLY;
  readonly #random: Random;
  readonly #met = new PlacesSeen();

  constructor() {
    this.#random = new Random(SEED);
  }

  /** Some ways of a story; each has the number of a write that is made in it. */
  of<W extends { readonly number: number }>(
    scenario: Scenario,
    { made }: Reference,
    ways: readonly W[],
  ): readonly W[] {
    if (IS_NIGHTLY) return ways;
    const most = SUCCESSIONS.includes(scenario) ? MOST.successions : MOST.others;
    const left = this.#random.shuffled(ways);
    const chosen = left.splice(0, most);
    const madeAt = (place: WritePlace, { number }: W) =>
      made[number - 1]?.request.stack.includes(`${place.place}:`);
    for (const place of PLACES.filter((each) => !this.#met.has(each.place))) {
      if (chosen.some((way) => madeAt(place, way))) continue;
      // In a story that depends on the clock, a write may not be come to.
      chosen.push(...left.filter((way) => madeAt(place, way)).slice(0, scenario.isTimed ? 3 : 1));
    }
    return chosen;
  }

  /** Notes that a write was held, or a process paused at it. */
  note({ met }: Outcome): void {
    if (met) this.#met.note(met.request.stack);
  }

  /** Fails unless each place but these has had its turn, and unless these are places that write. */
  expectEach(elsewhere: Readonly<Record<string, string>>): void {
    const excused = Object.keys(elsewhere);
    expect(
      this.#unmet.filter((each) => !excused.includes(each)),
      `LATE_SEED=${SEED}`,
    ).to.deep.equal([]);
    const all = new Set(PLACES.map(({ operation }) => operation));
    expect(
      excused.filter((each) => !all.has(each)),
      'excuses of no write',
    ).to.deep.equal([]);
  }

  /** The places that have not had their turn, by operation, in order. */
  get #unmet(): string[] {
    const unmet = PLACES.filter(({ place }) => !this.#met.has(place));
    return [...new Set(unmet.map(({ operation }) => operation))].sort();
  }
}

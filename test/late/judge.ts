import type { Scenario } from '../crash/scenario.ts';
import { writePlaces } from '../crash/write-places.ts';
import type { Excuse } from './excuses.ts';
import type { Outcome } from './play.ts';
import type { MadeWrite } from './post.ts';

/** As they were when the services were loaded. */
const PLACES = writePlaces();

/** Decides what of an outcome is a fault that nobody knows yet. */
export class Judge {
  readonly #harmless: readonly Excuse[];
  readonly #known: readonly Excuse[];
  readonly #needed = new Set<Excuse>();

  constructor(harmless: readonly Excuse[], known: readonly Excuse[]) {
    this.#harmless = harmless;
    this.#known = known;
  }

  /** What was wrong, a line each; nothing where a known fault explains it. */
  faultsOf(scenario: Scenario, { met, faults, differs }: Outcome): string[] {
    const operations = met ? operationsOf(met) : [];
    const isExcused = (excuses: readonly Excuse[], line: string) => {
      const found = excuses.filter(
        ({ operation, title, line: pattern }) =>
          pattern.test(line) &&
          (operation === undefined || operations.includes(operation)) &&
          (title === undefined || title.test(scenario.title)),
      );
      for (const each of found) this.#needed.add(each);
      return found.length > 0;
    };
    const inStore = differs
      .filter((line) => !scenario.mayDiffer?.some(([pattern]) => pattern.test(line)))
      .map((line) => `in the end the store ${line}`);
    const lines = [...faults, ...inStore].filter((line) => !isExcused(this.#harmless, line));
    const unknown = lines.filter((line) => !isExcused(this.#known, line));
    // What follows from a known fault is not told again.
    return unknown.length < lines.length ? [] : unknown;
  }

  /** A write, for people. */
  nameOf(write: MadeWrite): string {
    return `${write.request.what}, by ${operationsOf(write).at(-1) ?? 'the test'}`;
  }

  /** Excuses that nothing needed, but for the rare ones. */
  needless(isEverythingTried: boolean): Excuse[] {
    return [...this.#harmless, ...this.#known].filter(
      (each) => !this.#needed.has(each) && (isEverythingTried || !each.isRare),
    );
  }
}

/** The places in the services from which a write came, the innermost first. */
function operationsOf({ request: { stack } }: MadeWrite): string[] {
  return PLACES.filter(({ place }) => stack.includes(`${place}:`)).map(({ operation }) => operation);
}

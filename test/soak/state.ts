import type { Random } from '../faults/random.ts';
import { Factory } from './content.ts';
import type { Journal } from './journal.ts';
import { Placement } from './placement.ts';
import { SharedTag } from './shared-tag.ts';

/** Where build systems push. */
export const CANDIDATES = ['candidate/one', 'candidate/two', 'candidate/one/three'] as const;
/** Where each of them is promoted to. */
const STABLE: Readonly<Record<string, string>> = {
  'candidate/one': 'one',
  'candidate/two': 'two',
  'candidate/one/three': 'one/three',
};
/** Where real clients push, and what is promoted from there. */
export const REAL_CANDIDATE = 'candidate/real';
export const REAL_STABLE = 'real';
/** The tag that many move, in each repository. */
const MOVING = 'edge';

/** What clients have pushed, promoted and deleted, as far as they know. */
export class State {
  readonly factory: Factory;
  readonly sharedTags: readonly SharedTag[];
  readonly #placements = new Map<string, Placement>();

  constructor(seed: number, journal: Journal) {
    this.factory = new Factory(seed);
    const names = [...CANDIDATES, ...Object.values(STABLE)];
    this.sharedTags = names.map((name) => new SharedTag(name, MOVING, () => journal.nowMs));
  }

  get placements(): IterableIterator<Placement> {
    return this.#placements.values();
  }

  /** What of the pushed images of these repositories fits, the one that changed last at the end. */
  those(repositories: readonly string[], fits: (placement: Placement) => boolean): Placement[] {
    return [...this.#placements.values()]
      .filter((placement) => repositories.includes(placement.repository) && fits(placement))
      .sort((one, other) => one.changedAtMs - other.changedAtMs);
  }

  /** The image in that repository, now or some day. */
  place(repository: string, picture: Placement['picture']): Placement {
    const key = `${repository}@${picture.top.digest}`;
    const known = this.#placements.get(key);
    if (known) return known;
    const placement = new Placement(repository, picture);
    this.#placements.set(key, placement);
    return placement;
  }

  find(repository: string, digest: string): Placement | undefined {
    return this.#placements.get(`${repository}@${digest}`);
  }

  sharedTag(repository: string): SharedTag {
    const found = this.sharedTags.find((tag) => tag.repository === repository);
    if (!found) throw new Error(`${repository} has no moving tag`);
    return found;
  }
}

/** Where a candidate is promoted to. */
export function stableOf(repository: string): string {
  return STABLE[repository] ?? repository.replace(/^candidate\//, '');
}

/** The repositories that change only by promotion. */
export const STABLE_REPOSITORIES: readonly string[] = Object.values(STABLE);

/** One of the newest, more often than of the older ones. */
export function pickRecent<T>(random: Random, items: readonly T[], recent: number): T | undefined {
  return random.pick(random.chance(0.7) ? items.slice(-recent) : items);
}

/**
 * A way in which the operations so far can have taken effect: the state, and which of those under way have done so. Sets
 * are bit masks.
 */
export interface Configuration {
  readonly state: string;
  /** Changes under way that have taken effect. */
  readonly changes: bigint;
  /** Observations under way that were true at some moment. */
  readonly seen: bigint;
  /** Changes of unknown outcome that have taken effect. */
  readonly used: bigint;
}

/**
 * Configurations, without those that others dominate: of two with the same state and changes, the one that has seen
 * more and used less can do whatever the other can. This keeps histories with many unknown outcomes cheap to check.
 */
export class Configurations {
  readonly #groups = new Map<string, Configuration[]>();

  /** False if another one dominates it. */
  add(added: Configuration): boolean {
    const key = `${added.changes} ${added.state}`;
    const group = this.#groups.get(key) ?? [];
    if (group.some((each) => dominates(each, added))) return false;
    this.#groups.set(key, [...group.filter((each) => !dominates(added, each)), added]);
    return true;
  }

  *[Symbol.iterator](): Generator<Configuration> {
    for (const group of this.#groups.values()) yield* group;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }
}

function dominates(one: Configuration, other: Configuration): boolean {
  return (one.seen & other.seen) === other.seen && (one.used & other.used) === one.used;
}

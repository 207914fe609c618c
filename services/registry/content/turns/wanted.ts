import { type Change, EarlierChanges } from './change.ts';
import type { Turn } from './held-turn.ts';
import type { Patience } from './patience.ts';

/** The most changes that share a turn. */
const SHARED_MAX = 32;

/** What became of a change's wait: its act was carried out, or a doubt is in its way until a time. */
export type Outcome = 'acted' | { readonly doubtedUntil: number };

/** A change for which a turn is wanted. */
export interface Wanted {
  readonly changes: readonly Change[];
  /** What the changes rely on. */
  readonly needs: readonly Change[];
  /** Whether others may have the same turn. */
  readonly mayShare: boolean;
  readonly patience: Patience;
  readonly act: (turn: Turn) => Promise<void>;
}

/** A change that waits in its repository's line. */
export interface Waiting extends Wanted {
  readonly begin: () => void;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Those of a line that may share a turn with its first, in their order. */
export function sharing(first: Wanted, line: readonly Waiting[]): Waiting[] {
  const earlier = new EarlierChanges();
  earlier.add(first.changes);
  const all: Waiting[] = [];
  for (const other of first.mayShare ? line : []) {
    if (all.length === SHARED_MAX - 1) break;
    const isGone = other.patience.signal?.aborted;
    if (other.mayShare && !isGone && earlier.areApartFrom(other.changes)) all.push(other);
    // Nor does one come along that is at odds with one that is left behind: these keep their order.
    earlier.add(other.changes);
  }
  return all;
}

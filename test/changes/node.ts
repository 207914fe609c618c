import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { CollectionGuard } from '../../services/registry/content/quarantine/guard.ts';
import { TURN_TIMING, type TurnTiming } from '../../services/registry/content/turns/timing.ts';
import { type TurnOptions, Turns } from '../../services/registry/content/turns/turns.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import type { Hands } from '../garbage/interleaving.ts';

/** One look finds a holder silent, and nobody gives up before a doubt is over. */
const TIMING: TurnTiming = {
  ...TURN_TIMING,
  lookMs: TURN_TIMING.silenceMs,
  patienceMs: 4 * TURN_TIMING.lateMs,
};

/** What a node is made of, where it is not as it should be. */
export interface NodeParts {
  readonly guard?: typeof CollectionGuard;
  readonly turns?: new (objects: ObjectStore, options: TurnOptions) => Turns;
  readonly timing?: Partial<TurnTiming>;
  /** Every look at the quarantine was long ago. */
  readonly isSlow?: boolean;
}

/** Makes a node of an actor's hands. */
export type NodeMaker = (hands: Hands) => Node;

/**
 * A node that knows only what it reads, and whose time is the explorer's. The one place that knows of clocks: what waits
 * for another that may be paused has to look again after a second at least (see ModelClock).
 */
export function nodeOf({ objects, clock }: Hands, parts: NodeParts = {}) {
  const { guard = CollectionGuard, turns: kind = Turns, timing, isSlow = false } = parts;
  const quarantine = new guard(objects, isSlow ? slow(clock) : clock);
  const turns = new kind(objects, { clock, timing: { ...TIMING, ...timing } });
  const content = withPublications(contentOf(objects, { quarantine, turns }));
  return { content, changes: new MemoryChanges() };
}

export type Node = ReturnType<typeof nodeOf>;

const LONG_MS = 60_000;

/** Whenever it is asked, a long time has passed. */
function slow({ now, wait }: Hands['clock']) {
  let asked = 0;
  return { now: () => now() + LONG_MS * asked++, wait };
}

import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { CollectionGuard } from '../../services/registry/content/quarantine/guard.ts';
import { TURN_TIMING } from '../../services/registry/content/turns/timing.ts';
import { Turns } from '../../services/registry/content/turns/turns.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import type { Hands } from '../garbage/interleaving.ts';

/** One look finds a holder silent, and nobody gives up before a doubt is over. */
const TIMING = { ...TURN_TIMING, lookMs: TURN_TIMING.silenceMs, patienceMs: 4 * TURN_TIMING.lateMs };

/**
 * A node that knows only what it reads, and whose time is the explorer's. The one place that knows of clocks: what waits
 * for another that may be paused has to look again after a second at least (see ModelClock).
 */
export function nodeOf({ objects, clock }: Hands) {
  const quarantine = new CollectionGuard(objects, clock);
  const turns = new Turns(objects, { clock, timing: TIMING });
  const content = withPublications(contentOf(objects, { quarantine, turns }));
  return { content, changes: new MemoryChanges() };
}

export type Node = ReturnType<typeof nodeOf>;

import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { CollectionGuard } from '../../services/registry/content/quarantine/guard.ts';
import type { Turn } from '../../services/registry/content/turns/held-turn.ts';
import { TURN_TIMING } from '../../services/registry/content/turns/timing.ts';
import { Turns } from '../../services/registry/content/turns/turns.ts';
import type { RepositoryName } from '../../services/registry/oci/names.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import type { Hands } from '../garbage/interleaving.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';

/** What waits for a turn looks seldom: an order has few looks then, and time passes while its holder is paused. */
const TIMING = { ...TURN_TIMING, lookMs: TURN_TIMING.silenceMs };

/** Everybody goes at once, and writes at any time: what the model has to find wrong. */
class NoTurns extends Turns {
  override take<T>(_name: RepositoryName, _changes: unknown, act: (turn: Turn) => Promise<T>): Promise<T> {
    return act({ fence: OPEN_FENCE, declare: async () => undefined });
  }
}

/** A node that knows only what it reads, and whose time is the explorer's. The one place that knows of clocks. */
export function nodeOf({ objects, clock }: Hands, hasTurns: boolean) {
  const quarantine = new CollectionGuard(objects, clock);
  const turns = new (hasTurns ? Turns : NoTurns)(objects, { clock, timing: TIMING });
  const content = withPublications(contentOf(objects, { quarantine, turns }));
  return { content, changes: new MemoryChanges() };
}

export type Node = ReturnType<typeof nodeOf>;

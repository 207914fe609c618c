import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { CollectionGuard } from '../../services/registry/content/quarantine/guard.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import type { Hands } from '../garbage/interleaving.ts';

/**
 * A node that knows only what it reads, and whose time is the explorer's. The one place that knows of clocks: what waits
 * for another that may be paused has to look again after a second at least (see ModelClock).
 */
export function nodeOf({ objects, clock }: Hands) {
  const quarantine = new CollectionGuard(objects, clock);
  const content = withPublications(contentOf(objects, { quarantine }));
  return { content, changes: new MemoryChanges() };
}

export type Node = ReturnType<typeof nodeOf>;

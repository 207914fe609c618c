/** Promise: a node sends clients to a mirror only while its worker is seen to live, whatever the clocks of both say. */
import { expect } from 'chai';
import { MemoryChanges } from '../../services/memory/changes.ts';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import { type Ledger, mirrorLeases } from '../../services/registry/publishing/mirrors/ledger.ts';
import type { Mirror } from '../../services/registry/publishing/mirrors/mirror.ts';
import { MirrorStates } from '../../services/registry/publishing/mirrors/mirror-states.ts';
import type { Log } from '../../services/registry/runtime/log.ts';
import { eventually } from '../support/eventually.ts';
import { MemoryStore } from '../support/memory-store.ts';

const NAME = 'near' as MirrorName;
const UP: Ledger = { watermark: 1, missing: [], health: { state: 'up', since: '2001-01-01T00:00:00Z' } };
const mirrors = [{ name: NAME }] as unknown as readonly Mirror[];
const logger = { warn: () => undefined } as unknown as Log;

describe("a node's view of mirrors", () => {
  it('begins with none that is healthy, until a heartbeat moves', async () => {
    for (const skewMs of [-3_600_000, 0, 3_600_000]) {
      const objects = new MemoryStore();
      const leases = mirrorLeases(objects, NAME);
      const beatAt = new Date(Date.now() + skewMs).toISOString();
      const value = { ...UP, version: 1, holder: 'elsewhere', beat: 1, beatAt } as const;
      const lease = await leases.acquire(undefined, value);
      if (lease === undefined) throw new Error('the lease is taken');
      const changes = new MemoryChanges();
      await using board = await MirrorStates.start({ objects, mirrors, changes, logger });
      expect(board.states[0]?.healthy, `${skewMs}`).to.equal(false);
      await leases.write({ ...lease, value: { ...value, beat: 2 } });
      changes.publish({ kind: 'mirrors-changed' });
      await eventually('it is seen', () => board.states[0]?.healthy === true);
    }
  });

  it('takes the first ledger that appears for a sign of life', async () => {
    const objects = new MemoryStore();
    const changes = new MemoryChanges();
    await using board = await MirrorStates.start({ objects, mirrors, changes, logger });
    const beatAt = '2001-01-01T00:00:00Z';
    await mirrorLeases(objects, NAME).acquire(undefined, { ...UP, version: 1, holder: 'x', beat: 0, beatAt });
    changes.publish({ kind: 'mirrors-changed' });
    await eventually('it is seen', () => board.states[0]?.healthy === true);
  });
});

/** Promise: a node sends clients to a mirror only while its worker is seen to live, whatever the clocks of both say. */
import { expect } from 'chai';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import { boardLeases, boardOf, boardsOf } from '../../services/registry/publishing/mirrors/board.ts';
import type { Ledger } from '../../services/registry/publishing/mirrors/ledger.ts';
import type { Mirror } from '../../services/registry/publishing/mirrors/mirror.ts';
import { MirrorStates } from '../../services/registry/publishing/mirrors/mirror-states.ts';
import type { Log } from '../../services/registry/runtime/log.ts';
import { eventually } from '../support/eventually.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';

const NAME = 'near' as MirrorName;
const PLACE = { url: 'http://near', target: '/srv/mirror' };
const UP: Ledger = {
  ...{ place: PLACE, watermark: 1, missing: [] },
  health: { state: 'up', since: '2001-01-01T00:00:00Z' },
};
const mirrors = [{ name: NAME, url: PLACE.url }] as unknown as readonly Mirror[];
const logger = { warn: () => undefined } as unknown as Log;

/** A worker that lives on this store, and a node that has seen it. */
async function seen(ledger: Ledger, objects = new MemoryStore()) {
  const leases = boardLeases(objects, boardOf(NAME));
  const beatAt = '2001-01-01T00:00:00Z';
  const value = { mirrors: { [NAME]: ledger }, version: 1, holder: 'x', beat: 1, beatAt } as const;
  const lease = await leases.acquire(undefined, value);
  if (lease === undefined) throw new Error('the lease is taken');
  const changes = new MemoryChanges();
  const states = await MirrorStates.start({ objects, mirrors, changes, logger });
  let beat = 1;
  return {
    states,
    beat: async (next: Ledger) => {
      await leases.write({ ...lease, value: { ...value, mirrors: { [NAME]: next }, beat: ++beat } });
      changes.publish({ kind: 'mirrors-changed' });
    },
    [Symbol.asyncDispose]: () => states[Symbol.asyncDispose](),
  };
}

describe("a node's view of mirrors", () => {
  it('begins with none that is healthy, until a heartbeat moves', async () => {
    for (const skewMs of [-3_600_000, 0, 3_600_000]) {
      const objects = new MemoryStore();
      const leases = boardLeases(objects, boardOf(NAME));
      const beatAt = new Date(Date.now() + skewMs).toISOString();
      const value = { mirrors: { [NAME]: UP }, version: 1, holder: 'elsewhere', beat: 1, beatAt } as const;
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

  it('takes the first board that appears for a sign of life', async () => {
    const objects = new MemoryStore();
    const changes = new MemoryChanges();
    await using board = await MirrorStates.start({ objects, mirrors, changes, logger });
    const heartbeat = { version: 1, holder: 'x', beat: 0, beatAt: '2001-01-01T00:00:00Z' } as const;
    await boardLeases(objects, boardOf(NAME)).acquire(undefined, { mirrors: { [NAME]: UP }, ...heartbeat });
    await eventually('it is seen', () => {
      changes.publish({ kind: 'mirrors-changed' });
      return board.states[0]?.healthy === true;
    });
  });

  it('follows a successor of the worker', async () => {
    const objects = new MemoryStore();
    await using node = await seen(UP, objects);
    await node.beat(UP);
    await eventually('the first is seen', () => node.states.states[0]?.healthy === true);
    const leases = boardLeases(objects, boardOf(NAME));
    const heartbeat = { version: 1, holder: 'y', beat: 0, beatAt: '2001-01-01T00:00:00Z' } as const;
    const later = { ...UP, watermark: 7 };
    await leases.acquire(await leases.read(), { mirrors: { [NAME]: later }, ...heartbeat });
    await eventually('the second is seen', () => node.states.states[0]?.watermark === 7);
  });

  it('believes nothing of a mirror that was verified at another URL', async () => {
    await using node = await seen(UP);
    await node.beat({ ...UP, place: { ...PLACE, url: 'http://near.moved' } });
    await eventually('it is seen', () => (node.states.states[0]?.reason ?? '').includes('nothing has been'));
    expect(node.states.states[0]).to.include({ healthy: false, watermark: 0 });
  });

  it('uses a mirror that is looked through for what was confirmed', async () => {
    await using node = await seen(UP);
    await node.beat({ ...UP, watermark: 9, confirmed: 4 });
    await eventually('it is seen', () => node.states.states[0]?.watermark === 4);
  });

  it('knows a long missing set, which is an object of its own, and reads it once', async () => {
    const objects = new MemoryStore();
    const missing = Array.from({ length: 500 }, (_, i) => ({
      ...{ digest: digestOf(Buffer.from(`${i}`)), sizeBytes: 1, seq: 1, reason: 'not found' },
      since: '2001-01-01T00:00:00Z',
    }));
    const setKey = `roadstead/boards/missing/${NAME}/0000000001-0000000001.json`;
    await objects.put(setKey, Buffer.from(JSON.stringify(missing)));
    let reads = 0;
    const counted = intercepted(objects, ({ name, args, proceed }) => {
      if (name === 'read' && args[0] === setKey) reads++;
      return proceed();
    });
    await using node = await seen(UP, counted as MemoryStore);
    const stored = { ...UP, missingVersion: '0000000001-0000000001' };
    for (let i = 0; i < 3; i++) await node.beat(stored);
    await eventually('it is seen', () => node.states.states[0]?.missing.size === 500);
    await node.beat(stored);
    await node.beat({ ...stored, watermark: 8 });
    await eventually('the next is seen', () => node.states.states[0]?.watermark === 8);
    expect(node.states.states[0]?.missing.size).to.equal(500);
    expect(reads).to.equal(1);
  });
});

describe('boards', () => {
  it('share the mirrors about evenly, and a mirror is always on the same one', () => {
    const names = Array.from({ length: 300 }, (_, i) => ({ name: `mirror-${i}` as MirrorName }));
    const onFirst = names.filter(({ name }) => boardOf(name) === 1).length;
    expect(onFirst).to.be.within(100, 200);
    expect(boardsOf(names)).to.deep.equal([1, 2]);
    expect(['near', 'alpha', 'beta'].map((name) => boardOf(name as MirrorName))).to.deep.equal([2, 1, 1]);
  });
});

/**
 * Promise: of any number of workers one owns a lease, another takes over when it ends or falls silent, and one that was
 * overtaken finds out before it stores anything that is read. The same holds for every kind of lease that there is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { ownerName } from '../../services/http/owner.ts';
import { collectorLeases, type Progress } from '../../services/registry/garbage/online/progress.ts';
import { deliveryLeases } from '../../services/registry/notifications/delivery.ts';
import { boardLeases } from '../../services/registry/publishing/mirrors/board.ts';
import { firstLedger } from '../../services/registry/publishing/mirrors/ledger.ts';
import type { Heartbeat, LeaseStore } from '../../services/registry/storage/lease.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { Lease, LeaseLostError, type LeaseTiming } from '../../services/sync/lease.ts';
import { rejection } from '../contract/area.ts';
import { eventually } from '../support/eventually.ts';
import { MemoryStore } from '../support/memory-store.ts';

const PLACE = { url: 'http://near', target: '/srv/mirror' };

const TIMING = { heartbeatMs: 20, silenceMs: 400, lookMs: 10 };
/** Another machine's: it cannot be known whether it lives. */
const ELSEWHERE = 'other-host 00000000-0000-4000-8000-000000000000 pid:[1] 1 1';
/** It had this process' id before. */
const KILLED = ownerName().replace(/\S+$/, '1');
const SIGNAL = new AbortController().signal;

/** A kind of lease: where it lies, what it begins with, and a state that can be told from that. */
interface Kind<S> {
  readonly title: string;
  readonly firstKey: string;
  readonly leasesOf: (objects: ObjectStore) => LeaseStore<S>;
  readonly firstState: (previous: S | undefined) => S;
  readonly later: S;
}

function describeLease<S extends object>({ title, firstKey, leasesOf, firstState, later }: Kind<S>): void {
  describe(`the lease on ${title}`, () => {
    let objects: MemoryStore;
    beforeEach(() => {
      objects = new MemoryStore();
    });
    const acquire = (timing: LeaseTiming = TIMING, signal = SIGNAL) =>
      Lease.acquire(leasesOf(objects), firstState, signal, timing);
    const stored = async () => (await leasesOf(objects).read())?.value;
    const heartbeat = (holder: string, beat = 1): Heartbeat => ({
      version: 1,
      holder,
      beat,
      beatAt: '2024-01-01T00:00:00Z',
    });
    /** A worker elsewhere takes over, whether or not that is due. */
    const seize = async (holder = ELSEWHERE) => {
      const leases = leasesOf(objects);
      await leases.acquire(await leases.read(), { ...later, ...heartbeat(holder) });
    };

    it('is an object under the number of its owner, with the fields that older versions read', async () => {
      expect(await leasesOf(objects).read()).to.equal(undefined);
      const lease = await acquire();
      expect(lease.isSuccessionClean).to.equal(true);
      const written = JSON.parse((await objects.read(firstKey, 10_000))?.toString() ?? '') as Record<
        string,
        unknown
      >;
      expect(written).to.include({ version: 1, beat: 0, mayHavePredecessor: false });
      expect(written).to.include.keys('holder', 'beatAt', ...Object.keys(firstState(undefined)));
    });

    it('is read without what a later version adds, and without what an earlier one does not write', async () => {
      const value = { ...later, ...heartbeat(ELSEWHERE), fromTheFuture: { a: 1 } };
      await objects.put(firstKey, Buffer.from(JSON.stringify(value)));
      expect(await leasesOf(objects).read()).to.deep.equal({
        leaseEpoch: 1,
        value: { ...later, ...heartbeat(ELSEWHERE) },
      });
    });

    it('is refused when it cannot be parsed, or is of another version', async () => {
      for (const text of ['{', '{}', JSON.stringify({ ...later, ...heartbeat(''), version: 2 })]) {
        await objects.put(firstKey, Buffer.from(text));
        await rejection(leasesOf(objects).read());
      }
    });

    it('goes to exactly one of many workers that start at once', async () => {
      const stop = new AbortController();
      const owners: Lease<S>[] = [];
      const waiting = Array.from({ length: 6 }, () =>
        acquire({ ...TIMING, silenceMs: 60_000 }, stop.signal).then(
          (lease) => owners.push(lease),
          () => undefined,
        ),
      );
      await eventually('one owns it', () => owners.length > 0);
      await sleep(100);
      expect(owners).to.have.length(1);
      stop.abort();
      await Promise.all(waiting);
    });

    it('passes on at once when it is released, with the state and a clean succession', async () => {
      const first = await acquire();
      await first.release(() => later);
      expect(await stored()).to.include({ holder: '', ...scalarsOf(later) });
      const startedAt = performance.now();
      const second = await acquire({ ...TIMING, silenceMs: 60_000 });
      expect(performance.now() - startedAt).to.be.lessThan(1000);
      expect(second.isSuccessionClean).to.equal(true);
      expect(second.state).to.include(scalarsOf(firstState(later)));
      expect((await leasesOf(objects).read())?.leaseEpoch).to.equal(2);
      expect((await objects.list({ prefix: leasesOf(objects).prefix, limit: 10 })).keys).to.have.length(1);
    });

    it('passes on after a silence from a worker elsewhere, whose requests may still be under way', async () => {
      await seize();
      const startedAt = performance.now();
      const lease = await acquire();
      expect(performance.now() - startedAt).to.be.at.least(TIMING.silenceMs);
      expect(lease.isSuccessionClean).to.equal(false);
      expect(lease.previousHeartbeatAt).to.equal('2024-01-01T00:00:00Z');
    });

    for (const [writesEndWithProcess, where] of [
      [true, 'has left nothing behind in a store whose writes end with it'],
      [false, 'may have left a request to a remote store behind'],
    ] as const)
      it(`passes on at once from a worker that was killed here, which ${where}`, async () => {
        objects = new (class extends MemoryStore {
          override readonly writesEndWithProcess = writesEndWithProcess;
        })();
        await seize(KILLED);
        const lease = await acquire({ ...TIMING, silenceMs: 600_000 });
        expect(lease.isSuccessionClean).to.equal(writesEndWithProcess);
        await lease.release((state) => state);
        expect((await acquire()).isSuccessionClean).to.equal(writesEndWithProcess);
      });

    it('is released without a clean succession when a request of its owner got no answer', async () => {
      const first = await acquire();
      first.leavesRequest();
      await first.release((state) => state);
      const second = await acquire();
      expect(second.isSuccessionClean).to.equal(false);
      second.outwaited();
      expect(second.isSuccessionClean).to.equal(true);
    });

    it('does not pass on from a worker elsewhere whose heartbeat moves', async () => {
      await seize();
      let isTaken = false;
      let [nowMs, askedForTime] = [0, 0];
      const now = () => {
        askedForTime++;
        return nowMs;
      };
      const test = new AbortController();
      const waiting = acquire({ ...TIMING, lookMs: 1, now }, test.signal).then(() => {
        isTaken = true;
      });
      /** A look asks once or twice: one that began before is over, and another one, too. */
      const looked = async () => {
        const before = askedForTime;
        await eventually('it looks', () => isTaken || askedForTime >= before + 4);
      };
      try {
        for (let beat = 2; beat < 6; beat++) {
          await leasesOf(objects).write({
            leaseEpoch: 1,
            value: { ...later, ...heartbeat(ELSEWHERE, beat) },
          });
          await looked();
          nowMs += TIMING.silenceMs;
          await looked();
          expect(isTaken).to.equal(false);
        }
        nowMs += 1;
        await eventually('it is taken', () => isTaken);
      } finally {
        test.abort();
        await waiting.catch(() => undefined);
      }
    });

    it('says that a predecessor may live, to successors too, until that was waited out', async () => {
      await seize();
      const first = await acquire();
      await first.release((state) => state);
      const second = await acquire();
      expect(second.isSuccessionClean).to.equal(false);
      second.outwaited();
      await second.release((state) => state);
      expect((await acquire()).isSuccessionClean).to.equal(true);
    });

    it('is renewed while it is kept, and fresh', async () => {
      const lease = await acquire();
      const stop = new AbortController();
      const keeping = lease.keep(() => later, stop.signal);
      await eventually('it is renewed', async () => ((await stored())?.beat ?? 0) > 3);
      expect(lease.isFresh).to.equal(true);
      stop.abort();
      await keeping;
      await eventually('it is fresh no more', () => !lease.isFresh);
      expect(await stored()).to.include(scalarsOf(later));
    });

    it('stores one update after another, and loses none', async () => {
      const lease = await acquire();
      let updates = 0;
      const change = (state: S) => {
        updates++;
        return state;
      };
      await Promise.all(Array.from({ length: 10 }, () => lease.update(change)));
      expect([updates, (await stored())?.beat]).to.deep.equal([10, 10]);
    });

    it('is lost to a successor: nothing that the worker stores is read any more', async () => {
      const lease = await acquire();
      await seize();
      const taken = await leasesOf(objects).read();
      expect(await rejection(lease.update((state) => state))).to.be.instanceOf(LeaseLostError);
      expect(await rejection(lease.keep(() => later, SIGNAL))).to.be.instanceOf(LeaseLostError);
      await lease.release((state) => state);
      expect(await leasesOf(objects).read()).to.deep.equal(taken);
    });

    it('survives a store that fails for a while, and is given up when it can no longer be vouched for', async () => {
      const lease = await acquire();
      const { put } = objects;
      objects.put = () => Promise.reject(new Error('no route'));
      const kept = lease.keep(() => later, SIGNAL).catch((error: unknown) => error);
      await sleep(TIMING.silenceMs / 4);
      objects.put = put;
      await eventually('it is renewed', async () => ((await stored())?.beat ?? 0) > 0);
      objects.put = () => Promise.reject(new Error('no route'));
      expect(await kept).to.have.property('message', 'no route');
      expect(lease.isFresh).to.equal(false);
    });

    it('is released for good although an earlier update failed', async () => {
      const lease = await acquire();
      const { put } = objects;
      objects.put = () => Promise.reject(new Error('no route'));
      await rejection(lease.update((state) => state));
      objects.put = put;
      await lease.release((state) => state);
      expect((await stored())?.holder).to.equal('');
    });
  });
}

/** Those of its members that can be compared by `include`. */
function scalarsOf(state: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(state).filter(([, value]) => typeof value !== 'object'));
}

describeLease({
  title: 'a board of mirrors',
  firstKey: 'roadstead/boards/1/0000000001.json',
  leasesOf: (objects) => boardLeases(objects, 1),
  firstState: (previous) => previous ?? { mirrors: {} },
  later: { mirrors: { near: firstLedger(undefined, PLACE) } },
});

describeLease({
  title: 'delivery to an endpoint',
  firstKey: 'roadstead/notifications/hook/delivery/0000000001.json',
  leasesOf: (objects) => deliveryLeases(objects, 'hook'),
  firstState: (previous) => previous ?? { failures: 0 },
  later: { failures: 3 },
});

describeLease<Progress>({
  title: 'the collection of garbage',
  firstKey: 'roadstead/garbage/worker/0000000001.json',
  leasesOf: collectorLeases,
  firstState: (previous) => previous ?? { phase: 'idle' },
  later: { phase: 'marking', requests: 12 },
});

describe('a mirror that another worker takes over', () => {
  it('keeps its watermark and missing set; health and trouble are for the new worker to find out', () => {
    const previous = firstLedger(undefined, PLACE);
    expect(previous).to.deep.include({ watermark: 0, missing: [] });
    const last = { ...previous, watermark: 9, trouble: 'full', health: { state: 'up', since: '' } } as const;
    const ledger = firstLedger(last, PLACE);
    expect(ledger).to.deep.include({ watermark: 9, missing: [] });
    expect(ledger.health.state).to.equal('unknown');
    expect(ledger).to.not.have.property('trouble');
  });

  it('starts at nothing once it has moved: what was verified belongs to its old place', () => {
    const last = { ...firstLedger(undefined, PLACE), watermark: 9 };
    for (const moved of [{ url: 'http://elsewhere' }, { target: '/srv/other' }])
      expect(firstLedger(last, { ...PLACE, ...moved })).to.deep.include({ watermark: 0, missing: [] });
  });
});

/**
 * Promise: a delete of the collector that reaches the store late meets no content that was pushed again. After a request
 * without an answer the flags of deletion stay, and whichever worker goes on waits until the request can no longer take
 * effect, the same worker included. A worker that was paused deletes nothing more when it wakes.
 */
import { expect } from 'chai';
import { Metrics } from '../../services/http/metrics.ts';
import { ownerName } from '../../services/http/owner.ts';
import { NO_AUDIT } from '../../services/registry/audit/audit.ts';
import { DELETING_PREFIX, WORKER_PREFIX } from '../../services/registry/content/quarantine/keys.ts';
import { readProgress } from '../../services/registry/garbage/online/progress.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import type { DeleteOptions } from '../../services/registry/storage/object-store.ts';
import { GarbageWorker, type GarbageWorkerParts } from '../../services/sync/garbage/worker.ts';
import { eventually } from '../support/eventually.ts';
import { MemoryStore } from '../support/memory-store.ts';

const NEVER_MS = 3_600_000;
const TIMING = { heartbeatMs: 20, silenceMs: 10_000, lookMs: 5 };
const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };
const COLLECTING = { intervalMs: NEVER_MS, graceMs: 0, quarantineMs: 0, deleteUntagged: false };
const KEYS = ['one', 'two', 'three'].map((text) => blobDataKey(digestOf(Buffer.from(text))));
/** It had this process' id before. */
const KILLED = ownerName().replace(/\S+$/, '1');

/** What a driver does with a delete: `make` makes an attempt, now or later. */
type Deleting = (keys: readonly string[], make: () => void, options: DeleteOptions) => Promise<void> | void;

/** A remote store with garbage in it; `deleting` decides what becomes of deletes of bytes. */
class RemoteStore extends MemoryStore {
  override readonly writesEndWithProcess = false;
  deleting: Deleting = (_keys, make) => make();

  constructor() {
    super();
    for (const key of KEYS) this.hold(key, 'garbage', new Date(0));
  }

  override async delete(keys: readonly string[], signal?: AbortSignal, options: DeleteOptions = {}) {
    if (!keys.some((key) => KEYS.includes(key))) return super.delete(keys, signal, options);
    const make = () => {
      for (const key of keys) this.held.delete(key);
    };
    await this.deleting(keys, make, options);
  }

  /** How many of the blobs are there. */
  get blobs(): number {
    return KEYS.filter((key) => this.held.has(key)).length;
  }

  get hasFlag(): boolean {
    return [...this.held.keys()].some((key) => key.startsWith(DELETING_PREFIX));
  }

  hasEpoch(leaseEpoch: number): boolean {
    return this.held.has(`${WORKER_PREFIX}${String(leaseEpoch).padStart(10, '0')}.json`);
  }
}

function worker(objects: MemoryStore, more: Partial<GarbageWorkerParts> = {}): GarbageWorker {
  return new GarbageWorker({
    objects,
    settings: { collecting: COLLECTING, purging: undefined, requestsPerSecond: undefined },
    ...{ audit: NO_AUDIT, metrics: new Metrics(), logger: LOG, timing: TIMING },
    ...{ pollMs: 5, settleMs: 0, takeoverMs: NEVER_MS },
    ...more,
  });
}

/** Two cycles: the worker is asked for the second as soon as the quarantine is over. */
const BOTH = {
  collecting: { ...COLLECTING, intervalMs: 1 },
  purging: undefined,
  requestsPerSecond: undefined,
};

/** The delete takes effect when the test says so; the driver only sees that no answer comes. */
const CASES: Readonly<Record<string, Deleting>> = {
  'is tried again': (_keys, make, { fence }) => {
    fence?.doubt();
    // The second attempt.
    fence?.check();
    make();
  },
  fails: (_keys, _make, { fence }) => {
    fence?.doubt();
    throw new Error('the connection was closed');
  },
};

describe('a delete of the collector without an answer', () => {
  for (const [what, deleting] of Object.entries(CASES))
    it(`that ${what}: the flag stays until it can no longer take effect`, async () => {
      const objects = new RemoteStore();
      const late: (() => void)[] = [];
      objects.deleting = (keys, make, options) => {
        late.push(make);
        return deleting(keys, make, options);
      };
      const first = worker(objects, { settings: BOTH });
      await eventually('it is on its way', () => late.length > 0, 15_000);
      // The same worker owns the lease next, and so waits, too.
      let epoch = 0;
      await eventually('the lease is taken again', async () => {
        const leases = [...objects.held.keys()].filter((key) => key.startsWith(WORKER_PREFIX));
        epoch = Number(leases[0]?.slice(WORKER_PREFIX.length, -'.json'.length));
        const progress = await readProgress(objects);
        return (
          progress?.trouble !== undefined && progress.holder !== '' && progress.mayHavePredecessor === true
        );
      });
      const { trouble } = (await readProgress(objects)) ?? {};
      expect(trouble).to.match(/^an answer of the store is missing.* waits 3600 s before it continues$/);
      expect([objects.hasFlag, objects.blobs, late.length]).to.deep.equal([true, 3, 1]);
      await first[Symbol.asyncDispose]();
      // Another one waits as well.
      const second = worker(objects, { settings: BOTH });
      await eventually('it is taken over', () => objects.hasEpoch(epoch + 1));
      await second[Symbol.asyncDispose]();
      expect([objects.hasFlag, objects.blobs, late.length]).to.deep.equal([true, 3, 1]);
      for (const arrive of late) arrive();
      objects.deleting = (_keys, make) => make();
      await using _ = worker(objects, { settings: BOTH, takeoverMs: 1 });
      await eventually('it goes on', () => !objects.hasFlag && objects.blobs === 0, 15_000);
    });

  it('of a worker that was killed on this machine: its flag stays, too', async () => {
    const objects = new RemoteStore();
    const flag = `${DELETING_PREFIX}list/range`;
    objects.hold(flag, '');
    const lease = { version: 1, holder: KILLED, beat: 1, beatAt: '', phase: 'idle' };
    objects.hold(`${WORKER_PREFIX}0000000007.json`, JSON.stringify(lease));
    const next = worker(objects);
    await eventually('it is taken over', () => objects.hasEpoch(8));
    await eventually('it is renewed', async () => ((await readProgress(objects))?.beat ?? 0) > 2);
    await next[Symbol.asyncDispose]();
    expect(objects.held.has(flag)).to.equal(true);
    await using _ = worker(objects, { takeoverMs: 1 });
    await eventually('it is removed', () => !objects.held.has(flag));
  });

  it('of a worker that has to stop: it releases its lease when the answer is there', async () => {
    const objects = new RemoteStore();
    const answer = Promise.withResolvers<void>();
    let isUnderWay = false;
    objects.deleting = async (_keys, make) => {
      isUnderWay = true;
      await answer.promise;
      make();
    };
    const stopped = worker(objects, { settings: BOTH });
    await eventually('it is on its way', () => isUnderWay, 15_000);
    const stopping = stopped[Symbol.asyncDispose]();
    expect((await readProgress(objects))?.holder).to.equal(ownerName());
    answer.resolve();
    await stopping;
    expect(await readProgress(objects)).to.include({ holder: '', mayHavePredecessor: false });
    expect([objects.blobs, objects.hasFlag]).to.deep.equal([0, true]);
  });
});

describe('a collector that is paused within a batch', () => {
  it('deletes nothing more when it wakes', async () => {
    const objects = new RemoteStore();
    let pausedMs = 0;
    const now = () => performance.now() + pausedMs;
    let asked = 0;
    objects.deleting = (keys, _make, { fence }) => {
      for (const key of keys) {
        fence?.check();
        objects.held.delete(key);
        if (asked++ === 0) pausedMs = TIMING.silenceMs;
      }
    };
    await using _ = worker(objects, { settings: BOTH, timing: { ...TIMING, heartbeatMs: NEVER_MS, now } });
    await eventually('it is paused', () => asked > 0, 15_000);
    await eventually('it has stopped', async () => (await readProgress(objects))?.holder === '');
    expect([asked, objects.blobs, objects.hasFlag]).to.deep.equal([1, 2, true]);
  });
});

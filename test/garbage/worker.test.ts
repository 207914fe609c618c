/** Promise: of any number of workers one collects, another takes over, one that has lost its lease changes nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Metrics } from '../../services/http/metrics.ts';
import { NO_AUDIT } from '../../services/registry/audit/audit.ts';
import { WORKER_PREFIX } from '../../services/registry/content/quarantine/keys.ts';
import {
  isCycleRequested,
  readProgress,
  requestCycle,
} from '../../services/registry/garbage/online/progress.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { blobDataKey, revisionLinkKey } from '../../services/registry/storage/layout.ts';
import { writeNotice } from '../../services/registry/storage/read-only.ts';
import { GarbageWorker, type GarbageWorkerParts } from '../../services/sync/garbage/worker.ts';
import { pullAll } from '../compat/pulling.ts';
import { pushBlob, pushImage } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { startRegistry } from '../support/registry.ts';

const QUICK = { heartbeatMs: 50, silenceMs: 500, lookMs: 50 };
const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };
const COLLECTING = { intervalMs: 100, graceMs: 0, quarantineMs: 0, deleteUntagged: false };
/** Nobody on this machine: it cannot be known whether it lives. */
const ELSEWHERE = 'other-host 00000000-0000-4000-8000-000000000000 pid:[1] 1 1';

function worker(objects: MemoryStore, more: Partial<GarbageWorkerParts> = {}): GarbageWorker {
  return new GarbageWorker({
    objects,
    settings: { collecting: COLLECTING, purging: undefined, requestsPerSecond: undefined },
    audit: NO_AUDIT,
    metrics: new Metrics(),
    logger: LOG,
    timing: QUICK,
    ...{ pollMs: 20, settleMs: 1, takeoverMs: 300 },
    ...more,
  });
}

function withGarbage(): { objects: MemoryStore; key: string } {
  const objects = new MemoryStore();
  const key = blobDataKey(digestOf(Buffer.from('garbage')));
  objects.hold(key, 'garbage', new Date(0));
  return { objects, key };
}

describe('a registry whose configuration asks for garbage collection', () => {
  it('collects what is pushed and not referred to, and reports it', async function () {
    this.timeout(90_000);
    const garbagecollection = { enabled: true, interval: '1s', grace: '0s', quarantine: '1s' };
    await using registry = await startRegistry({ config: (config) => ({ ...config, garbagecollection }) });
    const orphan = await pushBlob(registry.url, 'candidate/app', newBytes());
    const image = await pushImage(registry.url, 'candidate/app', '1');
    const isThere = async () =>
      (await send(registry.url, `/v2/candidate/app/blobs/${orphan.digest}`)).status === 200;
    expect(await isThere()).to.equal(true);
    const metrics = async () => (await fetch(`${registry.debugUrl}/metrics`)).text();
    await eventually(
      'it has gone',
      async () => /garbage_blobs_total\{outcome="deleted"\} 1\b/.test(await metrics()),
      60_000,
    );
    const head = await send(registry.url, `/v2/candidate/app/blobs/${orphan.digest}`, { method: 'HEAD' });
    expect(head.status).to.equal(404);
    await pullAll(registry.url, 'candidate/app', image.digest);
  });
});

describe('workers of the garbage collection', () => {
  it('collect, one at a time, and report their status', async () => {
    const { objects, key } = withGarbage();
    const metrics = new Metrics();
    // Each cycle's result can be seen for a second.
    const collecting = { ...COLLECTING, intervalMs: 1000 };
    const settings = { collecting, purging: undefined, requestsPerSecond: undefined };
    await using _one = worker(objects, { metrics, settings });
    await using _two = worker(objects, { metrics, settings });
    await eventually(
      'it is in quarantine',
      async () => (await readProgress(objects))?.last?.counts.inQuarantine === 1,
    );
    await eventually('it has gone', () => !objects.held.has(key), 15_000);
    await eventually('that is told', async () =>
      /garbage_blobs_total\{outcome="deleted"\} 1\b/.test(await metrics.scrape()),
    );
    expect([...objects.held.keys()].filter((each) => each.startsWith(WORKER_PREFIX))).to.have.length(1);
  });

  it('idle ones write nothing, and begin when they are asked', async () => {
    const { objects } = withGarbage();
    const settings = { collecting: { ...COLLECTING, intervalMs: 3_600_000 }, purging: undefined };
    await using _ = worker(objects, { settings: { ...settings, requestsPerSecond: undefined } });
    const ended = async () => (await readProgress(objects))?.last?.endedAt;
    await eventually('a cycle has ended', async () => {
      const progress = await readProgress(objects);
      return progress?.last !== undefined && progress.holder === '';
    });
    const [before, first] = [new Map(objects.held), await ended()];
    await sleep(300);
    expect(new Map(objects.held)).to.deep.equal(before);
    await requestCycle(objects, 'a test');
    await eventually('another has ended', async () => (await ended()) !== first);
  });

  it('change nothing for a while after taking over from one that may have a request under way', async () => {
    const { objects, key } = withGarbage();
    const held = { version: 1, holder: ELSEWHERE, beat: 1, beatAt: '', phase: 'idle' };
    objects.hold(`${WORKER_PREFIX}0000000007.json`, JSON.stringify(held), new Date());
    const startedAt = performance.now();
    await using _ = worker(objects);
    await eventually('it begins', () =>
      [...objects.held.keys()].some((each) => each.includes('/quarantine/')),
    );
    expect(performance.now() - startedAt).to.be.above(QUICK.silenceMs + 300);
    expect(objects.held.has(key)).to.equal(true);
  });

  it('do so, too, when one has taken over before and ended while it waited', async () => {
    const { objects } = withGarbage();
    const held = { version: 1, holder: ELSEWHERE, beat: 1, beatAt: '', phase: 'idle' };
    objects.hold(`${WORKER_PREFIX}0000000007.json`, JSON.stringify(held), new Date());
    const first = worker(objects, { takeoverMs: 60_000 });
    const isTaken = (leaseEpoch: number) => objects.held.has(`${WORKER_PREFIX}000000000${leaseEpoch}.json`);
    await eventually('it is taken over', () => isTaken(8));
    await first[Symbol.asyncDispose]();
    const startedAt = performance.now();
    await using _ = worker(objects);
    await eventually('it is taken over again', () => isTaken(9));
    await eventually('it begins', () =>
      [...objects.held.keys()].some((each) => each.includes('/quarantine/')),
    );
    expect(performance.now() - startedAt).to.be.above(300);
  });

  it('stop when another has taken over', async () => {
    const { objects, key } = withGarbage();
    await using _ = worker(objects, { settleMs: 60_000 });
    await eventually(
      'it deletes',
      () => [...objects.held.keys()].some((each) => each.includes('/deleting/')),
      15_000,
    );
    const held = { version: 1, holder: ELSEWHERE, beat: 1, beatAt: '', phase: 'idle' };
    objects.hold(`${WORKER_PREFIX}0000000999.json`, JSON.stringify(held), new Date());
    await sleep(300);
    expect(objects.held.has(key)).to.equal(true);
    // It does not even clear its flag away: that is the other's.
    expect([...objects.held.keys()].some((each) => each.includes('/deleting/'))).to.equal(true);
  });

  it('still name what the last cycle kept when they have done something else', async () => {
    const { objects } = withGarbage();
    const missing = digestOf(Buffer.from('a manifest that is missing'));
    objects.hold(revisionLinkKey('candidate/app' as never, missing), missing);
    const settings = {
      ...{ collecting: { ...COLLECTING, intervalMs: 3_600_000, graceMs: 3_600_000 }, purging: undefined },
      requestsPerSecond: undefined,
    };
    const first = worker(objects, { settings });
    const progress = () => readProgress(objects);
    await eventually('a cycle has ended', async () => {
      const { last, holder } = (await progress()) ?? {};
      return last !== undefined && holder === '';
    });
    const { kept, last } = (await progress()) ?? {};
    expect(kept?.map(({ repository }) => repository)).to.deep.equal(['candidate/app']);
    await first[Symbol.asyncDispose]();
    // The next one takes the lease, and does nothing.
    await writeNotice(objects, { since: new Date().toISOString(), by: 'a test', reason: 'backup' });
    await requestCycle(objects, 'a test');
    await using _ = worker(objects, { settings });
    await eventually(
      'the request is heard',
      async () => !(await isCycleRequested(objects)) && (await progress())?.holder === '',
    );
    expect(await progress()).to.deep.include({ kept, last });
  });

  it('delete nothing while writes are off, nor make more requests than they may', async () => {
    const { objects, key } = withGarbage();
    await writeNotice(objects, { since: new Date().toISOString(), by: 'a test', reason: 'backup' });
    await using _ = worker(objects);
    await sleep(400);
    expect([...objects.held.keys()].filter((each) => each.includes('/quarantine/'))).to.deep.equal([]);
    expect(objects.held.has(key)).to.equal(true);
    await writeNotice(objects, undefined);
    const settings = { collecting: COLLECTING, purging: undefined, requestsPerSecond: 40 };
    const slow = withGarbage().objects;
    const metrics = new Metrics();
    const startedAt = performance.now();
    await using _slow = worker(slow, { settings, metrics });
    // Half a second at this rate; without it, that many are made at once.
    let requests = 0;
    await eventually('it makes requests', async () => {
      requests = Number(/garbage_requests_total (\d+)/.exec(await metrics.scrape())?.[1]);
      return requests > 20;
    });
    const seconds = (performance.now() - startedAt) / 1000;
    expect(requests).to.be.at.most(5 + 40 * seconds);
  });
});

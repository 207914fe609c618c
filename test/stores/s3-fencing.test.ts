/**
 * Promise: a fence is asked before each request that the SDK makes for a write, hears of each that may still take effect,
 * and ends the retries when it refuses. What arrives late is what it was made for.
 */
import { expect } from 'chai';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { rejection } from '../contract/area.ts';
import { eventually } from '../support/eventually.ts';
import { type Fault, startFaultProxy } from '../support/fault-proxy.ts';
import { RADOSGW_PROGRAMS } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { untilDoubt, WatchedFence } from '../support/watched-fence.ts';
import { errorBody, MEBIBYTE, onFirst, operationOf, type S3World, startS3World } from './s3-world.ts';

const [FIRST, LATER] = [Buffer.from('first'), Buffer.from('later')];
const answer = (status: number, code?: string): Fault => ({
  ...{ kind: 'answer', status },
  ...(code !== undefined && { body: errorBody(code) }),
});

/** What an attempt meets, and whether it may take effect after that. */
const MEETINGS: readonly [what: string, fault: Fault, isDoubtful: boolean][] = [
  ['a reset', { kind: 'reset' }, true],
  ['a lost answer', { kind: 'lose answer' }, true],
  ['no answer', { kind: 'stall' }, true],
  ['an error of the server', answer(500, 'InternalError'), true],
  ["a proxy's 502", { kind: 'answer', status: 502, body: '<html><body>Bad Gateway</body></html>' }, true],
  ["a proxy's 503", answer(503), true],
  ["a proxy's 504", answer(504), true],
  ['a slow storage', answer(408, 'RequestTimeout'), true],
  ['a request for patience', answer(503, 'SlowDown'), false],
  ['a server that is not available', answer(503, 'ServiceUnavailable'), false],
  ['a conflict', answer(409, 'OperationAborted'), false],
];

requires(RADOSGW_PROGRAMS)('S3 under a fence', function () {
  this.timeout(60_000);
  let world: S3World;
  let key: string;
  before(async () => {
    world = await startS3World();
  });
  after(() => world[Symbol.asyncDispose]());
  beforeEach(async () => {
    key = `fenced/${crypto.randomUUID()}`;
    world.proxy.held = [];
    await world.reopen();
  });
  afterEach(() => {
    world.proxy.rule = () => undefined;
  });

  const content = async () => (await world.truth.read(key, MEBIBYTE))?.toString();
  /** Counts the requests of an operation from now on; the first so many meet the fault. */
  const counting = (operation: string, times: number, fault: Fault) => {
    let requests = 0;
    const first = onFirst(times, operation, fault);
    world.proxy.rule = (request) => {
      if (operationOf(request) === operation) requests++;
      return first(request);
    };
    return () => requests;
  };

  describe('whose first request comes late', () => {
    it('has a doubt, and rightly so: the request undoes what was written after it', async () => {
      counting('PutObject', 1, { kind: 'late' });
      const fence = new WatchedFence();
      await world.store.put(key, FIRST, { fence });
      expect(fence).to.include({ checks: 2, doubts: 1 });
      await world.truth.put(key, LATER);
      expect(await world.proxy.held[0]?.deliver()).to.equal(200);
      expect(await content()).to.equal('first');
    });

    it('makes no other when its fence refuses after a doubt', async () => {
      const requests = counting('PutObject', 1, { kind: 'late' });
      const fence = untilDoubt();
      expect(await rejection(world.store.put(key, FIRST, { fence }))).to.equal(fence.refusal);
      expect(requests()).to.equal(1);
      expect(fence).to.include({ checks: 2, doubts: 1 });
      expect(await content()).to.equal(undefined);
      expect(await world.proxy.held[0]?.deliver()).to.equal(200);
      expect(await content()).to.equal('first');
    });

    it('was refused, and is written in the end', async () => {
      // Later than the look by which a write that failed finds out whether it was done.
      counting('PutObject', 1, { kind: 'late', ms: 2000 });
      await rejection(world.store.put(key, FIRST, { fence: untilDoubt() }));
      await eventually('written late', async () => (await content()) === 'first');
    });

    for (const [operation, others] of [
      ['DeleteObject', 0],
      ['DeleteObjects', 3],
    ] as const)
      it(`deletes what was written again (${operation}), and has a doubt`, async () => {
        const keys = [key, ...Array.from({ length: others }, (_, i) => `${key}-${i}`)];
        await world.truth.put(key, FIRST);
        const requests = counting(operation, 1, { kind: 'late' });
        const fence = new WatchedFence();
        await world.store.delete(keys, undefined, { fence });
        expect(requests()).to.equal(2);
        expect(fence).to.include({ checks: 2, doubts: 1 });
        await world.truth.put(key, LATER);
        expect(await world.proxy.held[0]?.deliver()).to.be.oneOf([200, 204]);
        expect(await content()).to.equal(undefined);
      });

    it('completes its parts under the fence', async () => {
      counting('CompleteMultipartUpload', 1, { kind: 'late' });
      const fence = untilDoubt();
      const body = Buffer.alloc(6 * MEBIBYTE, 'x');
      expect(await rejection(world.store.put(key, body, { fence }))).to.equal(fence.refusal);
      expect(fence).to.include({ checks: 2, doubts: 1 });
    });
  });

  for (const [what, fault, isDoubtful] of MEETINGS)
    for (const operation of ['PutObject', 'DeleteObject', 'DeleteObjects'])
      it(`has ${isDoubtful ? 'a' : 'no'} doubt after ${what} (${operation})`, async () => {
        const requests = counting(operation, 1, fault);
        const fence = new WatchedFence();
        const writing =
          operation === 'PutObject'
            ? world.store.put(key, FIRST, { fence })
            : world.store.delete(operation === 'DeleteObject' ? [key] : [key, `${key}-too`], undefined, {
                fence,
              });
        // Not after all of these there is another attempt.
        await writing.catch(() => undefined);
        expect(fence.doubts).to.equal(isDoubtful ? 1 : 0);
        expect(fence.checks, 'a check for each request').to.equal(requests());
      });

  it('is asked again for each retry', async () => {
    const requests = counting('PutObject', 3, answer(503, 'SlowDown'));
    const fence = new WatchedFence();
    await world.store.put(key, FIRST, { fence });
    expect(requests()).to.equal(4);
    expect(fence).to.include({ checks: 4, doubts: 0 });
  });

  it('is certain of what is refused', async () => {
    counting('PutObject', 1, answer(403, 'AccessDenied'));
    const fence = new WatchedFence();
    expect(String(await rejection(world.store.put(key, FIRST, { fence })))).to.include('AccessDenied');
    expect(fence).to.include({ checks: 1, doubts: 0 });
  });

  it('reports as done what is found, and keeps its doubt', async () => {
    counting('PutObject', 1, { kind: 'lose answer' });
    const fence = untilDoubt();
    await world.store.put(key, FIRST, { fence });
    expect(fence).to.include({ checks: 2, doubts: 1 });
    expect(await content()).to.equal('first');
  });

  it('has a doubt about what was aborted on its way', async () => {
    const controller = new AbortController();
    world.proxy.rule = (request) => {
      if (operationOf(request) !== 'PutObject') return undefined;
      controller.abort();
      return { kind: 'stall' };
    };
    const fence = new WatchedFence();
    const { signal } = controller;
    await rejection(world.store.put(key, FIRST, { fence, signal }));
    expect(fence).to.include({ checks: 1, doubts: 1 });
  });

  for (const [code, doubts] of [
    ['InternalError', 1],
    ['AccessDenied', 0],
    ['SlowDown', 0],
  ] as const)
    it(`has ${doubts} doubts when one of several keys is answered with ${code}`, async () => {
      const body = `<DeleteResult><Error><Key>${key}</Key><Code>${code}</Code></Error></DeleteResult>`;
      counting('DeleteObjects', 1, { kind: 'answer', status: 200, body });
      const fence = new WatchedFence();
      await rejection(world.store.delete([key, `${key}-too`], undefined, { fence }));
      expect(fence).to.include({ checks: 1, doubts });
    });

  it('has a doubt when the answer for several keys breaks off', async () => {
    counting('DeleteObjects', 1, { kind: 'truncate', bytes: 10 });
    const fence = new WatchedFence();
    await world.store.delete([key, `${key}-too`], undefined, { fence });
    expect(fence).to.include({ checks: 2, doubts: 1 });
  });

  it('has no doubt when no connection can be made', async () => {
    await using proxy = await startFaultProxy(world.radosgw.endpoint);
    await using store = await S3Store.open({ ...world.options, endpoint: proxy.endpoint });
    await proxy[Symbol.asyncDispose]();
    // Uses up the connections that were left open.
    await store.stat(key).catch(() => undefined);
    const fence = new WatchedFence();
    expect(String(await rejection(store.put(key, FIRST, { fence })))).to.include('ECONNREFUSED');
    expect(fence.checks).to.be.above(1);
    expect(fence.doubts).to.equal(0);
  });

  it('is asked for every 200 keys', async () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `${key}/${i}`);
    const requests = counting('DeleteObjects', 0, { kind: 'late' });
    const fence = new WatchedFence();
    await world.store.delete(keys, undefined, { fence });
    expect([requests(), fence.checks]).to.deep.equal([5, 5]);
    await world.store.delete(keys);
    expect(requests(), 'with one more without a fence').to.equal(6);
  });

  it('waits for its other requests when one is refused', async () => {
    // Four requests at once: the third is refused while two are on their way.
    const keys = Array.from({ length: 2500 }, (_, i) => `${key}/${i}`);
    let underWay = 0;
    world.proxy.rule = (request) => {
      if (operationOf(request) !== 'DeleteObjects') return undefined;
      underWay++;
      return { kind: 'late' };
    };
    const fence = new WatchedFence(({ checks }) => checks > 2);
    expect(await rejection(world.store.delete(keys, undefined, { fence }))).to.equal(fence.refusal);
    expect(underWay).to.equal(2);
    expect(fence.doubts, 'doubts by the time that it is rejected').to.equal(2);
  });
});

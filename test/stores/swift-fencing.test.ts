/** Promise: the same of Swift as `s3-fencing.test.ts` says of S3, for each request of a write, of one object or many. */
import { expect } from 'chai';
import type { SwiftStore } from '../../services/stores/swift/swift-store.ts';
import { rejection } from '../contract/area.ts';
import { type Fault, type FaultProxy, type SeenRequest, startFaultProxy } from '../support/fault-proxy.ts';
import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, type Swift, startSwift } from '../support/swift.ts';
import { untilDoubt, WatchedFence } from '../support/watched-fence.ts';
import { type RawSwift, rawSwift } from './swift-raw.ts';
import { startRelay } from './swift-relay.ts';
import { openSwiftStore, swiftOptions } from './swift-world.ts';

const MIB = 1024 * 1024;
const [FIRST, LATER] = [Buffer.from('first'), Buffer.from('later')];

/** What an attempt meets, and whether it may take effect after that. */
const MEETINGS: readonly [fault: Fault, isDoubtful: boolean][] = [
  [{ kind: 'reset' }, true],
  [{ kind: 'lose answer' }, true],
  [{ kind: 'stall' }, true],
  [{ kind: 'answer', status: 500 }, true],
  [{ kind: 'answer', status: 503 }, true],
  [{ kind: 'answer', status: 408 }, true],
  [{ kind: 'answer', status: 401 }, false],
  [{ kind: 'answer', status: 409 }, false],
  [{ kind: 'answer', status: 429 }, false],
];

nightly(requires(SWIFT_PROGRAMS))('Swift under a fence', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let swift: Swift;
  let proxy: FaultProxy;
  let raw: RawSwift;
  let store: SwiftStore;
  before(async () => {
    swift = held.use(await startSwift());
    const relay = held.use(await startRelay(swift.url));
    proxy = held.use(await startFaultProxy(relay.url));
  });
  after(() => held.disposeAsync());
  beforeEach(async () => {
    proxy.rule = () => undefined;
    proxy.held = [];
    const storageUrl = `${proxy.endpoint}/v1/AUTH_test`;
    const options = swiftOptions(swift, { chunkSizeBytes: MIB, storageUrl, timeoutMs: 1000 });
    store = await openSwiftStore(swift, options);
    raw = await rawSwift(swift, options.container);
  });
  afterEach(() => store[Symbol.asyncDispose]());

  /** Counts the writes of objects from now on; the first so many meet the fault. */
  const counting = (times: number, fault: Fault, isMeant = (_: SeenRequest) => true) => {
    let requests = 0;
    proxy.rule = (request) => {
      if (!['PUT', 'POST', 'DELETE'].includes(request.method) || !isMeant(request)) return undefined;
      return requests++ < times ? fault : undefined;
    };
    return () => requests;
  };
  const content = async () => (await store.read('object', MIB))?.toString();
  const isBulk = ({ url }: SeenRequest) => url.includes('bulk-delete');
  const many = Array.from({ length: 120 }, (_, i) => `many/${String(i).padStart(3, '0')}`);

  it('has a doubt about a write that comes late, which undoes what was written after it', async () => {
    counting(1, { kind: 'late' });
    const fence = new WatchedFence();
    await store.put('object', FIRST, { fence });
    expect(fence).to.include({ checks: 2, doubts: 1 });
    await store.put('object', LATER);
    expect(await proxy.held[0]?.deliver()).to.equal(201);
    expect(await content()).to.equal('first');
  });

  it('has a doubt about a delete that comes late', async () => {
    await store.put('object', FIRST);
    counting(1, { kind: 'late' });
    const fence = new WatchedFence();
    await store.delete(['object'], undefined, { fence });
    expect(fence).to.include({ checks: 2, doubts: 1 });
    await store.put('object', LATER);
    expect(await proxy.held[0]?.deliver()).to.equal(204);
    expect(await content()).to.equal(undefined);
  });

  it('makes no other attempt when the fence refuses after a doubt', async () => {
    const large = Buffer.alloc(2.5 * MIB, 'x');
    const isManifest = ({ url }: SeenRequest) => url.includes('multipart-manifest=put');
    const acts: readonly [(fence: WatchedFence) => Promise<void>, isMeant?: (_: SeenRequest) => boolean][] = [
      [(fence) => store.put('object', FIRST, { fence })],
      [(fence) => store.put('object', large, { fence }), isManifest],
      [(fence) => store.delete(['object'], undefined, { fence })],
      [(fence) => store.delete(many, undefined, { fence }), isBulk],
    ];
    for (const [act, isMeant] of acts) {
      const requests = counting(1, { kind: 'late' }, isMeant);
      const fence = untilDoubt();
      expect(await rejection(act(fence))).to.equal(fence.refusal);
      expect(requests()).to.equal(1);
      expect(fence).to.include({ checks: 2, doubts: 1 });
    }
  });

  for (const [fault, isDoubtful] of MEETINGS)
    it(`has ${isDoubtful ? 'a' : 'no'} doubt after ${JSON.stringify(fault)}`, async () => {
      const acts = [
        (fence: WatchedFence) => store.put('object', FIRST, { fence }),
        (fence: WatchedFence) => store.delete(['object'], undefined, { fence }),
        (fence: WatchedFence) => store.delete(many.slice(0, 20), undefined, { fence }),
      ];
      // A bulk delete has minutes for its answer.
      for (const act of fault.kind === 'stall' ? acts.slice(0, 2) : acts) {
        const requests = counting(1, fault);
        const fence = new WatchedFence();
        await act(fence);
        expect(requests()).to.equal(2);
        expect(fence).to.include({ checks: 2, doubts: isDoubtful ? 1 : 0 });
      }
    });

  it('deletes so few in one request that it is over in time', async () => {
    for (const name of many) await raw.put(`files/${name}`, FIRST);
    const requests = counting(0, { kind: 'reset' }, isBulk);
    const fence = new WatchedFence();
    await store.delete(many, undefined, { fence });
    expect(requests()).to.equal(2);
    expect(fence).to.include({ checks: 2, doubts: 0 });
    expect(await raw.names()).to.deep.equal([]);
  });

  for (const [status, doubts] of [
    ['503 Internal Server Error', 1],
    ['409 Conflict', 0],
  ] as const)
    it(`has ${doubts} doubts about a bulk delete of which one failed with ${status}, and asks again for each`, async () => {
      const names = many.slice(0, 20);
      const body = JSON.stringify({
        'Response Status': '400 Bad Request',
        'Response Body': '',
        'Number Deleted': 19,
        'Number Not Found': 0,
        Errors: [['container/files/many/003', status]],
      });
      counting(1, { kind: 'answer', status: 200, body });
      const fence = new WatchedFence();
      await store.delete(names, undefined, { fence });
      expect(fence).to.include({ checks: 1 + names.length, doubts });
    });

  it('has a doubt about a bulk delete whose answer breaks off', async () => {
    counting(1, { kind: 'truncate', bytes: 10 }, isBulk);
    const fence = new WatchedFence();
    await store.delete(many.slice(0, 20), undefined, { fence });
    expect(fence).to.include({ checks: 2, doubts: 1 });
  });

  it('asks when a request gets its connection, not while it waits for one', async () => {
    // Swift answers 64 requests at once; the last one waits until the others are answered.
    let isRefusing = false;
    let arrived = 0;
    proxy.rule = ({ method }) => {
      if (method !== 'PUT') return undefined;
      if (++arrived === 64) isRefusing = true;
      return { kind: 'delay', ms: 200 };
    };
    const others = Array.from({ length: 64 }, (_, i) => store.put(`others/${i}`, FIRST));
    const fence = new WatchedFence(() => isRefusing);
    expect(await rejection(store.put('object', FIRST, { fence }))).to.equal(fence.refusal);
    await Promise.all(others);
    expect(arrived).to.equal(64);
  });
});

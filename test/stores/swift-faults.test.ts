/** Promise: whatever happens on the way to Swift, an object is whole or not there, and nothing false is acknowledged. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Locks } from '../../services/registry/storage/locks.ts';
import { StoreFullError, StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import type { SwiftOptions } from '../../services/stores/swift/options.ts';
import type { SwiftStore } from '../../services/stores/swift/swift-store.ts';
import { rejection } from '../contract/area.ts';
import { type Fault, type FaultProxy, type SeenRequest, startFaultProxy } from '../support/fault-proxy.ts';
import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, type Swift, startSwift } from '../support/swift.ts';
import { type RawSwift, rawSwift } from './swift-raw.ts';
import { type Relay, startRelay } from './swift-relay.ts';
import { openSwiftStore, swiftOptions } from './swift-world.ts';

const MIB = 1024 * 1024;

nightly(requires(SWIFT_PROGRAMS))('Swift over a bad line', function () {
  this.timeout(60_000);
  let swift: Swift;
  let relay: Relay;
  let proxy: FaultProxy;
  let raw: RawSwift;
  let store: SwiftStore;
  let options: SwiftOptions;
  before(async () => {
    swift = await startSwift();
    relay = await startRelay(swift.url);
    proxy = await startFaultProxy(relay.url);
  });
  after(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await relay?.[Symbol.asyncDispose]();
    await swift?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    proxy.rule = () => undefined;
    options = swiftOptions(swift, {
      chunkSizeBytes: MIB,
      storageUrl: `${proxy.endpoint}/v1/AUTH_test`,
      timeoutMs: 1000,
    });
    store = await openSwiftStore(swift, options);
    raw = await rawSwift(swift, options.container);
  });
  afterEach(() => store[Symbol.asyncDispose]());

  /** The next so many requests that are meant meet the fault. */
  function faults(fault: Fault, times = 1, isMeant = (_: SeenRequest) => true): () => number {
    let met = 0;
    proxy.rule = (request) => {
      if (met === times || !isMeant(request)) return undefined;
      met += 1;
      return fault;
    };
    return () => met;
  }

  const isManifest = ({ url }: SeenRequest) => url.includes('multipart-manifest=put');
  const isSegmentPut = ({ method, url }: SeenRequest) => method === 'PUT' && url.includes('/segments/');

  async function* large(bytes: Buffer): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 200_000) yield bytes.subarray(at, at + 200_000);
  }

  for (const fault of [
    { kind: 'reset' },
    { kind: 'answer', status: 503 },
    { kind: 'answer', status: 429 },
    { kind: 'lose answer' },
    { kind: 'stall' },
    { kind: 'answer', status: 401 },
  ] as const)
    it(`continues after ${JSON.stringify(fault)}, whatever it was doing`, async () => {
      const bytes = Buffer.from('content');
      const acts: Record<string, () => Promise<unknown>> = {
        put: () => store.put('a', bytes),
        stat: () => store.stat('a'),
        read: () => store.read('a', 100),
        get: async () => (await store.get('a'))?.body.toArray(),
        list: () => store.list({ prefix: '', limit: 10 }),
        compose: () => store.compose(['a', 'a'], 'b'),
        putIfAbsent: async () => expect(await store.putIfAbsent('c', bytes)).to.equal('created'),
        delete: () => store.delete(['b', 'c']),
      };
      for (const [name, act] of Object.entries(acts)) {
        const met = faults(fault);
        await act();
        expect(met(), `${name} met it`).to.equal(1);
      }
      proxy.rule = () => undefined;
      expect((await store.read('a', 100))?.toString()).to.equal('content');
      expect((await store.list({ prefix: '', limit: 10 })).keys).to.deep.equal(['a']);
    });

  it('knows its own object again when the answer to its creation was lost', async () => {
    const met = faults({ kind: 'lose answer' }, 1, ({ method }) => method === 'PUT');
    expect(await store.putIfAbsent('key', Buffer.from('mine'))).to.equal('created');
    expect(met()).to.equal(1);
    expect(await store.putIfAbsent('key', Buffer.from('mine'))).to.equal('exists');
  });

  it('takes another’s object for no creation of its own, though it was not there a moment ago', async () => {
    const first = faults({ kind: 'answer', status: 404 }, 2, ({ method }) => method === 'HEAD');
    await raw.put('files/key', Buffer.from('theirs'));
    expect(await store.putIfAbsent('key', Buffer.from('mine'))).to.equal('exists');
    expect(first()).to.equal(2);
    expect((await store.read('key', 100))?.toString()).to.equal('theirs');
  });

  it('acknowledges no creation when its turn can no longer be vouched for', async () => {
    const lost: Locks = {
      async withLock(_, act) {
        const controller = new AbortController();
        setTimeout(() => controller.abort(new Error('the lock was lost')), 200);
        return act(controller.signal);
      },
    };
    await using unlucky = await openSwiftStore(swift, { ...options, locks: lost });
    faults({ kind: 'delay', ms: 600 }, 1, ({ method }) => method === 'PUT');
    const error = await rejection(unlucky.putIfAbsent('key', Buffer.from('mine')));
    expect(String(error)).to.include('the lock was lost');
  });

  it('reads again what broke off in the middle, and reports it to a stream’s reader', async () => {
    const bytes = randomBytes(500_000);
    await store.put('object', bytes);
    const met = faults({ kind: 'truncate', bytes: 1000 }, 1, ({ method }) => method === 'GET');
    expect((await store.read('object', MIB))?.equals(bytes)).to.equal(true);
    expect(met()).to.equal(1);
    faults({ kind: 'truncate', bytes: 1000 }, 1, ({ method }) => method === 'GET');
    const got = await store.get('object');
    const error = await rejection(got?.body.toArray() ?? Promise.resolve());
    expect(error).to.be.instanceOf(StoreUnavailableError);
  });

  for (const fault of [
    { kind: 'reset' },
    { kind: 'lose answer' },
    { kind: 'answer', status: 500 },
  ] as const) {
    it(`leaves what was there, and no segment, when a segment meets ${JSON.stringify(fault)}`, async () => {
      await store.put('object', Buffer.from('old'));
      let count = 0;
      const met = faults(fault, 100, (request) => isSegmentPut(request) && ++count >= 2);
      await rejection(store.put('object', large(randomBytes(3 * MIB))));
      expect(met()).to.be.at.least(1);
      proxy.rule = () => undefined;
      expect((await store.read('object', 10 * MIB))?.toString()).to.equal('old');
      expect(await raw.names()).to.deep.equal(['files/object']);
    });

    it(`leaves what was there, or the new whole, when the manifest meets ${JSON.stringify(fault)} for good`, async () => {
      await using careless = await openSwiftStore(swift, { ...options, leftoverAgeMs: 1000 });
      await careless.put('object', Buffer.from('old'));
      const met = faults(fault, 100, isManifest);
      const bytes = randomBytes(3 * MIB);
      await rejection(careless.put('object', large(bytes)));
      expect(met()).to.be.at.least(2);
      proxy.rule = () => undefined;
      await sleep(2500);
      // Who writes cannot know whether Swift has taken the manifest; removeLeftovers can.
      const removed = await careless.removeLeftovers(new Date());
      const found = await careless.read('object', 10 * MIB);
      if (fault.kind === 'lose answer') {
        expect(found?.equals(bytes)).to.equal(true);
        expect(removed).to.equal(0);
      } else {
        expect(found?.toString()).to.equal('old');
        expect(removed).to.equal(3);
        expect(await raw.names()).to.deep.equal(['files/object']);
      }
    });
  }

  it('removes no leftovers if listings do not say which objects are large', async () => {
    await using careless = await openSwiftStore(swift, { ...options, leftoverAgeMs: 1000 });
    const bytes = randomBytes(3 * MIB);
    await careless.put('object', large(bytes));
    await sleep(2500);
    const listed = await raw.request('GET', '', { query: '?format=json' });
    const entries = (await listed.json()) as Record<string, unknown>[];
    const body = JSON.stringify(entries.map(({ slo_etag: _, ...entry }) => entry));
    // One page has all; from a marker on there is no more.
    proxy.rule = ({ url }) => {
      if (!url.includes('format=json')) return undefined;
      return { kind: 'answer', status: 200, body: /marker=(?:&|$)/.test(url) ? body : '[]' };
    };
    expect(String(await rejection(careless.removeLeftovers(new Date())))).to.include(
      'listings of this Swift do not',
    );
    proxy.rule = () => undefined;
    expect((await careless.read('object', 10 * MIB))?.equals(bytes)).to.equal(true);
  });

  it('deletes one by one what a bulk delete could not', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `many/${i}`);
    for (const key of keys) await store.put(key, Buffer.from('x'));
    const body = JSON.stringify({
      'Response Status': '400 Bad Request',
      'Response Body': '',
      'Number Deleted': 19,
      'Number Not Found': 0,
      Errors: [[`${options.container}/files/many/3`, '503 Internal Server Error']],
    });
    const isBulk = ({ url }: SeenRequest) => url.includes('bulk-delete');
    const met = faults({ kind: 'answer', status: 200, body }, 1, isBulk);
    await store.delete(keys);
    expect(met()).to.equal(1);
    expect(await raw.names()).to.deep.equal([]);
  });

  it('says that the store is full when a quota or a device is', async () => {
    await raw.request('POST', '', { headers: { 'x-container-meta-quota-bytes': '1000' } });
    // Swift remembers a container's quota for a minute, but not in a container that it has not met.
    const quota = await rejection(store.put('object', randomBytes(5000)));
    faults({ kind: 'answer', status: 507 }, 1, ({ method }) => method === 'PUT');
    const device = await rejection(store.put('object', Buffer.from('content')));
    expect([quota, device].map((error) => error instanceof StoreFullError)).to.deep.equal([true, true]);
  });

  it('gives up at once when its signal aborts while it waits to try again', async () => {
    faults({ kind: 'answer', status: 503 }, 100);
    const startedAt = performance.now();
    const reading = store.read('object', 100, AbortSignal.timeout(300));
    expect(await rejection(reading)).to.have.property('name', 'TimeoutError');
    expect(performance.now() - startedAt).to.be.below(2000);
  });

  it('gives up in the end, and shows nobody its token', async () => {
    await raw.put('files/object', Buffer.from('x'));
    for (const fault of [
      { kind: 'answer', status: 500 },
      { kind: 'reset' },
      { kind: 'answer', status: 403 },
      { kind: 'stall' },
    ] as const) {
      let token = '';
      proxy.rule = ({ headers }) => {
        token = String(headers['x-auth-token']);
        return fault;
      };
      const error = await rejection(store.read('object', 100));
      expect(error).to.be.instanceOf(StoreUnavailableError);
      expect(token).to.match(/^AUTH_tk/);
      const text = error instanceof Error ? `${error.stack} ${JSON.stringify(error)} ${error.cause}` : '';
      expect(text).to.not.include(token);
    }
  });

  it('waits no longer for a client than Swift would: a body that rests is several segments', async () => {
    const bytes = randomBytes(1.5 * MIB);
    async function* resting(): AsyncGenerator<Buffer> {
      yield bytes.subarray(0, 1.2 * MIB);
      await sleep(16_000);
      yield bytes.subarray(1.2 * MIB);
    }
    await using patient = await openSwiftStore(swift, { ...options, chunkSizeBytes: 20 * MIB });
    await patient.put('object', resting());
    expect((await patient.read('object', 10 * MIB))?.equals(bytes)).to.equal(true);
    expect((await raw.names()).filter((name) => name.startsWith('segments/'))).to.have.length(2);
  });
});

/**
 * Promise: what mirrors cost the store does not grow with their number: neither while nothing happens, nor when a blob goes
 * to many of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type CountingProxy, startCountingProxy } from '../support/counting-proxy.ts';
import type { SeenRequest } from '../support/fault-proxy.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import type { MirrorEntry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import type { S3Server } from '../support/s3-server.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import { type S3Parts, startS3Parts } from './s3-parts.ts';
import { awaitComplete, layerSizes, MIB, releaseImage } from './scene.ts';

const MANY = 300;
const COUNTED_MS = 20_000;
/** After a start, and after the last blob was verified. */
const SETTLED_MS = 10_000;
/** Requests per second. */
const MOST = { api: 3, sync: 5 } as const;
const FEW = 8;
const IMAGE_LAYERS = 4;
const LAYER_BYTES = 10 * MIB;

/** Mirrors on one server, each below a path of its own. */
function entriesOn({ url, davUrl }: FaultMirror, count: number): MirrorEntry[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `m${String(i).padStart(3, '0')}`;
    return { name, url: `${url}/${name}`, sameoperator: true, write: { webdav: `${davUrl}/${name}` } };
  });
}

/** How often each kind of request was sent, the most frequent first: a number in a path is any number. */
function kindsOf(requests: readonly SeenRequest[]): string {
  const counts = new Map<string, number>();
  for (const { method, url } of requests) {
    const { pathname, searchParams } = new URL(url, 'http://store');
    const key = searchParams.get('prefix') ?? pathname.split('/').slice(2).join('/');
    const kind = `${searchParams.has('list-type') ? 'LIST' : method} ${key.replace(/[0-9a-f-]{8,}/g, '*')}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  return sorted.map(([kind, count]) => `${count} ${kind}`).join(', ');
}

requires(RADOSGW_PROGRAMS)('requests to the store', function () {
  this.timeout(180_000);
  const held = new AsyncDisposableStack();
  let server: S3Server;
  before(async () => {
    server = held.use(await startRadosgw());
  });
  after(() => held.disposeAsync());

  describe(`with ${MANY} mirrors`, () => {
    const held = new AsyncDisposableStack();
    let parts: S3Parts;
    let entries: MirrorEntry[];
    before(async () => {
      entries = entriesOn(held.use(await startFaultMirror()), MANY);
      parts = held.use(await startS3Parts(server, entries));
      await parts.startSync();
    });
    after(() => held.disposeAsync());

    async function expectFew(): Promise<void> {
      await sleep(SETTLED_MS);
      const { api, sync } = parts.sent;
      const [apiBefore, syncBefore] = [api.length, sync.length];
      await sleep(COUNTED_MS);
      const perSecond = (count: number) => Number((count / (COUNTED_MS / 1000)).toFixed(1));
      const rates = { api: perSecond(api.length - apiBefore), sync: perSecond(sync.length - syncBefore) };
      console.log(`      requests/s: ${JSON.stringify(rates)}`);
      console.log(`      the node's: ${kindsOf(api.slice(apiBefore))}`);
      console.log(`      the worker's: ${kindsOf(sync.slice(syncBefore))}`);
      expect(rates.api, 'a node').to.be.at.most(MOST.api);
      expect(rates.sync, 'a worker').to.be.at.most(MOST.sync);
    }

    it('are few while nothing has been published', expectFew);

    it('are few while nothing happens', async () => {
      await releaseImage({ node: parts.api, release: parts.release }, '1', layerSizes(1));
      const names = entries.map(({ name }) => name);
      await awaitComplete(parts.release.url, names, 90_000);
      await expectFew();
    });
  });

  describe(`for an image that goes to ${FEW} mirrors`, () => {
    const held = new AsyncDisposableStack();
    let parts: S3Parts;
    let entries: MirrorEntry[];
    let counting: CountingProxy;
    before(async () => {
      entries = entriesOn(held.use(await startFaultMirror()), FEW);
      const syncVia = async (endpoint: string) => {
        counting = held.use(await startCountingProxy(Number(new URL(endpoint).port)));
        return `http://${counting.host}`;
      };
      parts = held.use(await startS3Parts(server, entries, syncVia));
      await parts.startSync();
    });
    after(() => held.disposeAsync());

    it('read each blob once', async () => {
      const before = counting.sentBytes;
      await releaseImage(
        { node: parts.api, release: parts.release },
        '1',
        layerSizes(IMAGE_LAYERS, LAYER_BYTES),
      );
      const names = entries.map(({ name }) => name);
      await awaitComplete(parts.release.url, names, 60_000);
      const ratio = (counting.sentBytes - before) / (IMAGE_LAYERS * LAYER_BYTES);
      console.log(`      the worker read ${ratio.toFixed(3)} times what the image has`);
      expect(ratio).to.be.within(0.95, 1.05);
    });
  });
});

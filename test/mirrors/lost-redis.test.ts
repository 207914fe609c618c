/** Promise: Redis may lose everything, or be lost, at any time: a redirect leads to a blob that is there, and publishing goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { requires } from '../support/requirements.ts';
import { startFaultMirror } from './fault-mirror.ts';
import { type Parts, startParts } from './parts.ts';
import { type RedirectWatch, watchRedirects } from './redirect-watch.ts';
import { layerSizes, releaseImage, servable } from './scene.ts';

const FLUSHES = 5;
const LAYERS = 10;
const HELD_MS = 20_000;

requires(['redis-server'])('a Redis that forgets while mirrors are filled', function () {
  this.timeout(90_000);
  const held = new AsyncDisposableStack();
  const layers: Descriptor[] = [];
  let redis: RedisServer;
  let parts: Parts;
  let watch: RedirectWatch;

  before(async () => {
    redis = held.use(await startRedis());
    const mirror = held.use(await startFaultMirror());
    const mirrors = [mirror.entry('north')];
    const config = (_: string, own: Readonly<Record<string, unknown>>) => ({
      ...own,
      redis: { addr: redis.address },
    });
    parts = held.use(await startParts({ mirrors, config }));
    await parts.startSync();
    watch = held.use(watchRedirects(parts.api.url, 'app', []));
  });
  after(() => held.disposeAsync());

  /** Releases an image, which the watch asks for from then on. */
  async function release(tag: string): Promise<void> {
    const nodes = { node: parts.api, release: parts.release };
    layers.push(...(await releaseImage(nodes, tag, layerSizes(LAYERS))).layers);
    watch.blobs = layers;
  }
  async function expectAllHeld(): Promise<void> {
    const areHeld = async () => (await servable(parts.release.url, 'north', layers)).length === layers.length;
    const tookMs = await eventually('all are held', areHeld, HELD_MS, 200);
    console.log(`      held after ${Math.round(tookMs)} ms`);
    const since = performance.now();
    const areUsed = () => watch.redirectsSince(since).length >= layers.length;
    await eventually('clients are redirected', areUsed, HELD_MS);
    expect(watch.failures).to.deep.equal([]);
  }

  it('leads to no wrong redirect when it is flushed again and again', async () => {
    for (let i = 0; i < FLUSHES; i++) {
      await release(`flushed-${i}`);
      await redis.cli('FLUSHALL');
      await sleep(300);
    }
    await expectAllHeld();
  });

  it('leads to none when it is killed', async () => {
    await redis.signal('SIGKILL');
    await release('killed');
    await expectAllHeld();
  });
});

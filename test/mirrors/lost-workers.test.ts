/**
 * Promise: whatever becomes of the sync worker, of Redis and of a mirror's disk while no worker looks, a redirect leads to a
 * blob that is there. After an absence a mirror is used for what was confirmed, long before all of it was.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pathOnMirror } from '../clients/mirrored.ts';
import { showTime } from '../clients/show-time.ts';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import type { TestRegistry } from '../support/registry.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import { type Parts, startParts } from './parts.ts';
import { type RedirectWatch, watchRedirects } from './redirect-watch.ts';
import { awaitComplete, layerSizes, releaseImage, servable } from './scene.ts';

const IMAGES = 10;
const LAYERS = 30;
const ABSENCE_MS = 35_000;
/** For 300 blobs at 20 requests/s, and much air. */
const CRAWLED_MS = 60_000;
/** Of the images, those that the restored backup has not. */
const NEWEST = 2;
const LIMIT = { perSecond: 20, status: 429 } as const;

describe('while the sync worker is away', function () {
  this.timeout(180_000);
  const held = new AsyncDisposableStack();
  let parts: Parts;
  let sync: TestRegistry;
  let limited: FaultMirror;
  let restored: FaultMirror;
  let watch: RedirectWatch;
  const images: (readonly Descriptor[])[] = [];
  let startedAgainAt = 0;

  before(async () => {
    limited = held.use(await startFaultMirror());
    restored = held.use(await startFaultMirror());
    const mirrors = [limited.entry('limited'), restored.entry('restored')];
    parts = held.use(await startParts({ mirrors }));
    sync = await parts.startSync();
    for (let i = 0; i < IMAGES; i++) {
      const nodes = { node: parts.api, release: parts.release };
      images.push((await releaseImage(nodes, String(i), layerSizes(LAYERS))).layers);
    }
    await awaitComplete(parts.release.url, ['limited', 'restored'], 60_000);
    watch = held.use(watchRedirects(parts.api.url, 'app', images.flat()));
  });
  after(() => held.disposeAsync());

  const can = (name: string, blobs: readonly Descriptor[]) => servable(parts.release.url, name, blobs);
  /** One of each image: to ask for all would take too long. */
  const ofEach = () => images.map((layers) => layers[0] as Descriptor);

  it('no client is sent to a blob that a backup of the mirror lacks', async () => {
    await eventually('clients are redirected', () => watch.redirectsSince(0).length > 0);
    const killedAt = performance.now();
    await sync.stop('SIGKILL');
    const isUnused = async () =>
      [...(await can('limited', ofEach())), ...(await can('restored', ofEach()))].length === 0;
    await eventually('nobody vouches for the mirrors', isUnused, ABSENCE_MS, 200);
    // What the node last knew may be a little older than what the release service knows.
    await sleep(2000);
    for (const { digest } of images.slice(-NEWEST).flat())
      await rm(join(restored.root, pathOnMirror(digest)));
    limited.faults.limit = LIMIT;
    await sleep(Math.max(0, killedAt + ABSENCE_MS - performance.now()));
    startedAgainAt = performance.now();
    await sync.start();
  });

  it('is followed by redirects for what was confirmed, long before the rest', async function () {
    const seen: number[] = [];
    const sinceStart = () => performance.now() - startedAgainAt;
    const areAll = async () => {
      const count = (await can('limited', ofEach())).length;
      if (count > 0) seen.push(sinceStart());
      return count === IMAGES;
    };
    await eventually('all are confirmed', areAll, CRAWLED_MS, 200);
    const [firstMs = Number.NaN] = seen;
    const lastMs = sinceStart();
    showTime(this.test, firstMs);
    if (this.test) this.test.title += ` of ${(lastMs / 1000).toFixed(1)} s`;
    expect(firstMs).to.be.at.most(lastMs / 2);
    const early = watch
      .redirectsSince(startedAgainAt)
      .filter(({ atMs, location }) => atMs < startedAgainAt + lastMs && location?.startsWith(limited.url));
    expect(early).to.not.deep.equal([]);
  });

  it('is followed by a repair of what the backup lacked', async () => {
    await awaitComplete(parts.release.url, ['limited', 'restored'], CRAWLED_MS);
    expect(await can('restored', images.flat())).to.have.lengthOf(IMAGES * LAYERS);
  });

  it('and after it, no redirect ever led to a blob that was not there', async () => {
    await sleep(2000);
    expect(watch.redirectsSince(startedAgainAt)).to.not.deep.equal([]);
    expect(watch.failures).to.deep.equal([]);
  });
});

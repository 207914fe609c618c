/**
 * Promise: the boards may be deleted at any time. A worker that runs writes them again; one that starts after that begins at
 * nothing, finds what is there, and sends nothing twice. No redirect ever leads to a blob that is not there.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { pathOnMirror } from '../clients/mirrored.ts';
import { showTime } from '../clients/show-time.ts';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import type { TestRegistry } from '../support/registry.ts';
import { redirectedTo } from './asker.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import { type Parts, startParts } from './parts.ts';
import { type RedirectWatch, watchRedirects } from './redirect-watch.ts';
import { awaitComplete, layerSizes, mirrorView, releaseImage, servable } from './scene.ts';

const LAYERS = 12;
/** More than a board holds itself. */
const LACKED = 10;
/** Missing sets are looked for every 20 s. */
const WRITTEN_AGAIN_MS = 35_000;
const FOUND_AGAIN_MS = 30_000;
const NAME = 'north';

describe('boards of mirrors that are deleted', function () {
  this.timeout(90_000);
  const held = new AsyncDisposableStack();
  let mirror: FaultMirror;
  let parts: Parts;
  let sync: TestRegistry;
  let watch: RedirectWatch;
  let layers: readonly Descriptor[];

  before(async () => {
    mirror = held.use(await startFaultMirror());
    parts = held.use(await startParts({ mirrors: [mirror.entry(NAME)] }));
    sync = await parts.startSync();
    const nodes = { node: parts.api, release: parts.release };
    ({ layers } = await releaseImage(nodes, '1', layerSizes(LAYERS)));
    await awaitComplete(parts.release.url, [NAME]);
    watch = held.use(watchRedirects(parts.api.url, 'app', layers));
  });
  after(() => held.disposeAsync());

  const deleteBoards = () =>
    rm(join(parts.api.rootDirectory, 'roadstead', 'boards'), { recursive: true, force: true });
  const puts = () => mirror.requests.filter(({ method }) => method === 'PUT').length;
  const canServe = async () => (await servable(parts.release.url, NAME, layers)).length;
  async function expectRedirects(): Promise<void> {
    const since = performance.now();
    await eventually('clients are redirected', () => watch.redirectsSince(since).length > 0);
    expect(watch.failures).to.deep.equal([]);
  }

  it('under a worker are written again by it', async () => {
    const before = puts();
    await deleteBoards();
    await awaitComplete(parts.release.url, [NAME]);
    await expectRedirects();
    expect(puts()).to.equal(before);
  });

  it('are written again with what the mirror lacks, however much that is', async function () {
    mirror.faults.diskBytes = 0;
    const lost = layers.slice(0, LACKED);
    // A client that comes while blobs are being lost meets that, whatever the boards say.
    await watch[Symbol.asyncDispose]();
    for (const { digest } of lost) await rm(join(mirror.root, pathOnMirror(digest)));
    const isKnown = async () => (await mirrorView(parts.release.url, NAME)).missing === LACKED;
    await eventually('it is known what it lacks', isKnown, FOUND_AGAIN_MS);
    const areUnused = async () => (await redirectedTo(mirror.url, parts.api.url, 'app', lost)).length === 0;
    await eventually('the node knows, too', areUnused);
    watch = held.use(watchRedirects(parts.api.url, 'app', layers));
    await deleteBoards();
    // One that has read the set before would not need it.
    await parts.release.stop();
    await parts.release.start();
    const isWritten = async () => (await canServe()) === LAYERS - LACKED && (await isKnown());
    showTime(this.test, await eventually('it is known again', isWritten, WRITTEN_AGAIN_MS));
    await expectRedirects();
  });

  it('make the next worker begin at nothing, and find what is there', async function () {
    await sync.stop();
    await deleteBoards();
    await eventually('nothing is known', async () => (await canServe()) === 0, FOUND_AGAIN_MS);
    mirror.faults.diskBytes = Number.POSITIVE_INFINITY;
    const before = puts();
    const startedAt = performance.now();
    await sync.start();
    const areKnown = async () => (await canServe()) === LAYERS;
    await eventually('all are there', areKnown, FOUND_AGAIN_MS);
    await awaitComplete(parts.release.url, [NAME]);
    showTime(this.test, performance.now() - startedAt);
    expect(puts() - before, 'uploads').to.equal(LACKED);
    await expectRedirects();
  });
});

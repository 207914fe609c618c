/**
 * Promise: what was verified belongs to a place, not to a mirror's name. A mirror that moved starts at nothing, in whichever
 * order the processes learn of it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import type { TestRegistry } from '../support/registry.ts';
import { redirectedTo } from './asker.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import { type Parts, startParts } from './parts.ts';
import { watchRedirects } from './redirect-watch.ts';
import { awaitComplete, layerSizes, mirrorView, releaseImage } from './scene.ts';

const LAYERS = 10;
const WATCHED_MS = 10_000;
/** The new owner of a mirror waits for the old one's lease at most; then it fills it. */
const FILLED_MS = 30_000;

describe('a mirror that moved to an empty server', function () {
  this.timeout(90_000);
  const held = new AsyncDisposableStack();
  let parts: Parts;
  let sync: TestRegistry;
  let old: FaultMirror;
  let moved: FaultMirror;
  let layers: readonly Descriptor[];

  before(async () => {
    [old, moved] = [held.use(await startFaultMirror()), held.use(await startFaultMirror())];
    parts = held.use(await startParts({ mirrors: [old.entry('north')] }));
    sync = await parts.startSync();
    ({ layers } = await releaseImage({ node: parts.api, release: parts.release }, '1', layerSizes(LAYERS)));
    await awaitComplete(parts.release.url, ['north']);
  });
  after(() => held.disposeAsync());

  /** Restarts a process with the mirror's new place in its configuration. */
  async function move(process: TestRegistry): Promise<void> {
    const text = await readFile(process.configPath, 'utf8');
    const { url, davUrl } = old;
    await writeFile(process.configPath, text.replaceAll(url, moved.url).replaceAll(davUrl, moved.davUrl));
    await process.stop();
    await process.start();
  }
  const redirected = () => redirectedTo(moved.url, parts.api.url, 'app', layers);

  it('gets no client from a node that learns of it first', async () => {
    await move(parts.api);
    await using watch = watchRedirects(parts.api.url, 'app', layers);
    await sleep(WATCHED_MS);
    expect(watch.sightings).to.not.deep.equal([]);
    expect(watch.redirectsSince(0)).to.deep.equal([]);
    expect(watch.failures).to.deep.equal([]);
  });

  it('starts at nothing, and gets clients for what it was found to hold', async () => {
    await using watch = watchRedirects(parts.api.url, 'app', layers);
    await move(parts.release);
    await move(sync);
    await eventually(
      'it is used for all',
      async () => (await redirected()).length === LAYERS,
      FILLED_MS,
      200,
    );
    expect(watch.failures).to.deep.equal([]);
    // The release service looks by itself.
    await awaitComplete(parts.release.url, ['north']);
    const { watermark, missing } = await mirrorView(parts.release.url, 'north');
    expect({ watermark, missing }).to.deep.equal({ watermark: 1, missing: 0 });
    const written = moved.requests.filter(({ method, status }) => method === 'PUT' && status === 201);
    // Layers and a config.
    expect(written).to.have.lengthOf(LAYERS + 1);
  });
});

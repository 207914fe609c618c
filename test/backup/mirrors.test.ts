/**
 * Promise: after a restore to an earlier state, in which the log has lost entries that mirrors hold, clients are sent to a
 * mirror only for what was read there since. What it still holds is not sent to it again.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { redirectedTo } from '../mirrors/asker.ts';
import { type FaultMirror, startFaultMirror } from '../mirrors/fault-mirror.ts';
import { watchRedirects } from '../mirrors/redirect-watch.ts';
import { awaitComplete, layerSizes, mirrorView, releaseImage } from '../mirrors/scene.ts';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

const LAYERS = 6;
const NAME = 'north';
const FILLED_MS = 40_000;

describe('mirrors of a registry that was restored to an earlier state', function () {
  this.timeout(150_000);
  const held = new AsyncDisposableStack();
  let mirror: FaultMirror;
  let registry: TestRegistry;
  let backup: string;
  let kept: readonly Descriptor[];

  before(async () => {
    mirror = held.use(await startFaultMirror());
    registry = held.use(await startRegistry({ mirrors: [mirror.entry(NAME)] }));
    backup = held.use(await tempDir('backup')).path;
    ({ layers: kept } = await release('1'));
    await awaitComplete(registry.url, [NAME]);
    await registry.offline(['backup', '--to', backup]);
    await release('lost');
    await awaitComplete(registry.url, [NAME]);
    expect((await mirrorView(registry.url, NAME)).watermark).to.equal(2);
  });
  after(() => held.disposeAsync());

  const release = (tag: string) =>
    releaseImage({ node: registry, release: registry }, tag, layerSizes(LAYERS));

  /** Publishes under the number that the lost entry had, and watches where clients are sent for that. */
  async function publishesAgain(tag: string): Promise<void> {
    const puts = () => mirror.requests.filter(({ method }) => method === 'PUT').length;
    const before = puts();
    const { layers } = await release(tag);
    await using watch = watchRedirects(registry.url, 'app', [...kept, ...layers]);
    await awaitComplete(registry.url, [NAME], FILLED_MS);
    expect((await mirrorView(registry.url, NAME)).watermark).to.equal(2);
    const isUsed = async () =>
      (await redirectedTo(mirror.url, registry.url, 'app', [...kept, ...layers])).length === 2 * LAYERS;
    await eventually('clients are sent there for everything', isUsed, FILLED_MS);
    expect(watch.failures).to.deep.equal([]);
    // With its config.
    expect(puts() - before, 'blobs sent').to.equal(LAYERS + 1);
  }

  it('are read from the beginning after roadstead restore', async () => {
    await registry.stop();
    await rm(registry.rootDirectory, { recursive: true });
    await mkdir(registry.rootDirectory);
    await registry.offline(['restore', backup]);
    await registry.start();
    await publishesAgain('2');
  });

  it('are read from the beginning when the store was set back by other means, boards and all', async () => {
    await registry.stop();
    const own = join(registry.rootDirectory, 'roadstead');
    await rm(join(own, 'publications/000000000002.json'));
    for (const digest of await layersOfSecond()) await rm(join(own, 'published/default/sha256', digest));
    await registry.start();
    const saysSo = () => registry.log().some(({ msg }) => String(msg).includes('has lost entries'));
    await eventually('the worker says that the log has lost entries', saysSo, FILLED_MS);
    await publishesAgain('3');
  });

  /** What has the second publication's number, as paths below the collection. */
  async function layersOfSecond(): Promise<string[]> {
    const numbers = join(registry.rootDirectory, 'roadstead/published/default/sha256');
    const files = await readdir(numbers, { recursive: true, withFileTypes: true });
    const found: string[] = [];
    for (const file of files) {
      if (!file.isFile()) continue;
      const path = join(file.parentPath, file.name);
      if ((await readFile(path, 'utf8')) === '2') found.push(path.slice(numbers.length));
    }
    return found;
  }
});

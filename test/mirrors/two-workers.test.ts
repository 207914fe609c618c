/** Promise: sync workers share the mirrors among them, and when one dies the others take its mirrors over. */
import { expect } from 'chai';
import { showTime } from '../clients/show-time.ts';
import { eventually } from '../support/eventually.ts';
import type { TestRegistry } from '../support/registry.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import { type Parts, startParts } from './parts.ts';
import { awaitComplete, layerSizes, releaseImage } from './scene.ts';

const MIRRORS = 8;
/** A worker that came later gets its share within this time. */
const SHARED_MS = 40_000;
/** A lease that is not renewed, and then the blobs. */
const TAKEN_OVER_MS = 20_000;

describe('two sync workers', function () {
  this.timeout(90_000);
  const held = new AsyncDisposableStack();
  let parts: Parts;
  let workers: TestRegistry[];
  let images = 0;

  before(async () => {
    const mirrors: FaultMirror[] = [];
    for (let i = 0; i < MIRRORS; i++) mirrors.push(held.use(await startFaultMirror()));
    parts = held.use(await startParts({ mirrors: mirrors.map((mirror, i) => mirror.entry(`m${i}`)) }));
    workers = [await parts.startSync(), await parts.startSync()];
  });
  after(() => held.disposeAsync());

  const names = () => Array.from({ length: MIRRORS }, (_, i) => `m${i}`);
  const release = () =>
    releaseImage({ node: parts.api, release: parts.release }, String(++images), layerSizes(2));

  /** The mirrors that a worker has written to since it started, by its metrics. */
  async function writtenBy({ debugUrl }: TestRegistry): Promise<string[]> {
    const metrics = await (await fetch(`${debugUrl}/metrics`)).text();
    const lines = metrics.matchAll(/^roadstead_synced_bytes_total\{mirror="(.+?)"\} (\d+)$/gm);
    return [...lines].filter(([, , bytes]) => Number(bytes) > 0).map(([, name = '']) => name);
  }

  it('both write', async function () {
    const bothWrite = async () => {
      await release();
      const written = await Promise.all(workers.map(writtenBy));
      return written.every(({ length }) => length > 0);
    };
    showTime(this.test, await eventually('both write', bothWrite, SHARED_MS, 1000));
    await awaitComplete(parts.release.url, names(), TAKEN_OVER_MS);
  });

  it('are as good as one when the other is killed', async function () {
    const [killed, survivor] = workers as [TestRegistry, TestRegistry];
    expect(await writtenBy(survivor)).to.have.lengthOf.below(MIRRORS);
    await killed.stop('SIGKILL');
    await release();
    const wait = () => awaitComplete(parts.release.url, names(), TAKEN_OVER_MS);
    // What the dead one last said may still be shown as well: the new publication cannot be.
    showTime(this.test, await wait());
    expect(await writtenBy(survivor)).to.have.members(names());
  });

  it('share again when it comes back', async function () {
    const [back] = workers as [TestRegistry, TestRegistry];
    await back.start();
    const writes = async () => {
      await release();
      return (await writtenBy(back)).length > 0;
    };
    showTime(this.test, await eventually('the other writes', writes, SHARED_MS, 1000));
    await awaitComplete(parts.release.url, names(), TAKEN_OVER_MS);
  });
});

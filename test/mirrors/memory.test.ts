/** Promise: the memory of a sync worker is bounded, however many mirrors it fills at once. */
import { expect } from 'chai';
import { MIB, residenceDuring } from '../faults/resident.ts';
import type { MirrorEntry, TestRegistry } from '../support/registry.ts';
import { startFaultMirror } from './fault-mirror.ts';
import { type Parts, startParts } from './parts.ts';
import { awaitComplete, layerSizes, releaseImage } from './scene.ts';

/** At night as much as a release has. */
const NIGHTLY = process.env['NIGHTLY'] === '1';
const MIRRORS = 50;
const LAYERS = NIGHTLY ? 10 : 2;
const LAYER_BYTES = 20 * MIB;
/** 32 uploads of 20 MB at once, kept in memory, would be 640 MiB. */
const GROWTH_MAX_BYTES = 128 * MIB;

describe('the memory of a sync worker with fifty mirrors', function () {
  this.timeout(300_000);
  const held = new AsyncDisposableStack();
  let parts: Parts;
  let sync: TestRegistry;
  let entries: MirrorEntry[];

  before(async () => {
    const { url, davUrl } = held.use(await startFaultMirror());
    entries = Array.from({ length: MIRRORS }, (_, i) => {
      const name = `m${i}`;
      return { name, url: `${url}/${name}`, sameoperator: true, write: { webdav: `${davUrl}/${name}` } };
    });
    parts = held.use(await startParts({ mirrors: entries }));
    sync = await parts.startSync();
    await release('0', layerSizes(1));
  });
  after(() => held.disposeAsync());

  async function release(tag: string, sizes: readonly number[]): Promise<void> {
    await releaseImage({ node: parts.api, release: parts.release }, tag, sizes);
    const names = entries.map(({ name }) => name);
    await awaitComplete(parts.release.url, names, 240_000);
  }

  it('stays within a bound', async () => {
    const { lowestBytes, highestBytes, tookMs } = await residenceDuring(sync.daemon.pid, () =>
      release('1', layerSizes(LAYERS, LAYER_BYTES)),
    );
    const mib = (bytes: number) => Math.round(bytes / MIB);
    console.log(`      ${mib(lowestBytes)} to ${mib(highestBytes)} MiB in ${Math.round(tookMs / 1000)} s`);
    expect(mib(highestBytes - lowestBytes), 'MiB more than idle').to.be.at.most(mib(GROWTH_MAX_BYTES));
  });
});

/**
 * Promise: a backup that is made while clients push, tag and delete, and a collector without grace deletes what falls out
 * of use, is a sound store each time: everything that it names is there, to the last byte. The log and the audit record in it are complete.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { check, faults } from '../check/stores.ts';
import { pushImage, pushIndex } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { intercepted } from '../support/intercepted.ts';
import { startDaemon } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { backedUp } from './backing-up.ts';

const COLLECTOR = fileURLToPath(new URL('../garbage/worker-program.ts', import.meta.url));
const BACKUPS = 6;
const CLIENTS = 3;

/** Pushes, promotes and deletes until the signal aborts. */
async function work({ url }: TestRegistry, client: number, signal: AbortSignal): Promise<number> {
  const name = `candidate/app${client % 2}`;
  let changes = 0;
  while (!signal.aborted) {
    const tag = `t${client}`;
    const children = [
      await pushImage(url, name, `${tag}-a`),
      await pushImage(url, name, `${tag}-b`, [newBytes(9000)]),
    ];
    const index = await pushIndex(url, name, tag, children);
    if (client === 0) await promote(url, `${name}:${tag}`, `app:${tag}`);
    // The index first: without it, nothing refers to its images.
    for (const { digest } of [index, ...children])
      if (changes % 3 !== client % 3)
        await send(url, `/v2/${name}/manifests/${digest}`, { method: 'DELETE' });
    changes++;
  }
  return changes;
}

describe('backups while clients push and delete, and garbage is collected', function () {
  this.timeout(120_000);

  it('are sound each time', async () => {
    await using registry = await startRegistry({
      delete: true,
      config: (config) => ({ ...config, audit: { enabled: true } }),
    });
    await using _collector = await startDaemon(
      process.execPath,
      [COLLECTOR, registry.rootDirectory, 'true'],
      {
        ready: (text) => text.includes('collecting'),
      },
    );
    await using directory = await tempDir('backup');
    await using store = await FilesystemStore.open({
      rootDirectory: registry.rootDirectory,
      sync: false,
      mode: 'read',
    });
    await using target = await FilesystemStore.open({ rootDirectory: directory.path, sync: false });
    // Slower than a disk, so that more changes in between.
    const source = intercepted(store, async ({ name, proceed }) => {
      if (name === 'read' || name === 'list') await sleep(4);
      return proceed();
    });
    let all = 0;
    const stop = new AbortController();
    const working = Promise.all(
      Array.from({ length: CLIENTS }, (_, client) => work(registry, client, stop.signal)),
    );
    try {
      for (let run = 1; run <= BACKUPS; run++) {
        const { copied, damage } = await backedUp(source, target, { allowsLoss: true });
        all += copied;
        // A delete takes the manifest before its tag, or is held up in between.
        expect(damage.filter((line) => !line.startsWith('the tag '))).to.deep.equal([]);
        const found = faults(await check(directory.path, { deep: true }));
        expect(found, `backup ${run}`).to.deep.equal([]);
      }
    } finally {
      stop.abort();
    }
    const changes = await working;
    expect(all).to.be.above(100);
    expect(Math.min(...changes)).to.be.above(1);
  });
});

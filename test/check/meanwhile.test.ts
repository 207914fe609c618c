/**
 * Promise: checking a store while a registry writes to it tells of no error: what is half done is no fault.
 */
import { expect } from 'chai';
import { pushBlob, pushImage, pushIndex } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { startRegistry } from '../support/registry.ts';
import { check, pushArtifact } from './stores.ts';

const ROUNDS_MIN = 6;
const CHECKS = 25;

describe('a check of a store that others write to', function () {
  this.timeout(120_000);

  it('finds no fault', async () => {
    await using registry = await startRegistry({ delete: true });
    const { url, rootDirectory } = registry;
    let isDone = false;
    let rounds = 0;
    const write = async (name: string) => {
      while (!isDone) {
        const image = await pushImage(url, name, '1');
        const index = await pushIndex(url, name, 'multi', [image]);
        const artifact = await pushArtifact(url, name, image);
        await promote(url, `${name}:multi`, `stable-${name.split('/')[1]}:1`);
        await pushBlob(url, name, newBytes(100_000));
        const begun = await send(url, `/v2/${name}/blobs/uploads/`, { method: 'POST' });
        await send(url, new URL(begun.headers.location ?? '', url).pathname, { method: 'DELETE' });
        await send(url, `/v2/${name}/manifests/${artifact.digest}`, { method: 'DELETE' });
        for (const reference of ['1', index.digest, image.digest])
          await send(url, `/v2/${name}/manifests/${reference}`, { method: 'DELETE' });
        rounds++;
      }
    };
    const writing = Promise.all(['candidate/a', 'candidate/b'].map(write));
    try {
      // A slow machine checks more often than it writes: then it goes on for longer.
      for (let i = 0; i < CHECKS || rounds < ROUNDS_MIN; i++) {
        const errors = (await check(rootDirectory, { deep: i % 5 === 0 })).filter(
          ({ severity }) => severity === 'error',
        );
        expect(errors).to.deep.equal([]);
      }
    } finally {
      isDone = true;
      await writing;
    }
  });
});

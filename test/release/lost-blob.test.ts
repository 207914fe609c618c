/**
 * Promise: a published blob that the store itself has lost is told of and sent nobody's way, and keeps no mirror from
 * what is published after it; when it is back, the mirror gets it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pushBlob, pushImage } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { promote } from './promoting.ts';

describe('a published blob that the store has lost', () => {
  it('does not keep a new mirror from the rest, and reaches it when it is back', async function () {
    this.timeout(30_000);
    await using directory = await tempDir('lost');
    const rootDirectory = join(directory.path, 'store');
    const port = await freePort();
    const mirrors = [
      {
        ...{ name: 'late', url: `http://127.0.0.1:${port}`, sameoperator: true, serve: `127.0.0.1:${port}` },
        write: { directory: join(directory.path, 'mirror') },
      },
    ];
    const [layer, other] = [newBytes(100_000), newBytes(100_000)];
    {
      await using before = await startRegistry({ rootDirectory });
      await pushImage(before.url, 'candidate/hello', '1', [layer]);
      await promote(before.url, 'candidate/hello:1', 'hello:1');
      await pushImage(before.url, 'candidate/hello', '2', [other]);
      await promote(before.url, 'candidate/hello:2', 'hello:2');
    }
    const hex = sha256(layer).slice('sha256:'.length);
    await rm(join(rootDirectory, `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}`), {
      recursive: true,
    });

    await using registry = await startRegistry({ rootDirectory, mirrors });
    const late = async (wanted: { watermark: number; missing: number }) => {
      for (let i = 0; i < 150; i++) {
        const [mirror] = await mirrorsOf(registry);
        if (mirror?.watermark === wanted.watermark && mirror.missing === wanted.missing) return true;
        await sleep(100);
      }
      return false;
    };
    expect(await late({ watermark: 2, missing: 1 }), 'all but one').to.equal(true);
    // Nodes hear of it by themselves, some moments later than who was asked here.
    const isRedirected = (blob: typeof layer) =>
      eventually('it is redirected', async () => (await statusOf(registry, blob)) === 302, 3000);
    await isRedirected(other);
    await pushBlob(registry.url, 'candidate/again', layer);
    expect(await late({ watermark: 2, missing: 0 }), 'all').to.equal(true);
    await isRedirected(layer);
  });
});

async function mirrorsOf(registry: TestRegistry): Promise<{ watermark: number; missing: number }[]> {
  const answer = (await (await fetch(`${registry.url}/api/v1/mirrors`)).json()) as {
    mirrors: { watermark: number; missing: number }[];
  };
  return answer.mirrors;
}

async function statusOf(registry: TestRegistry, bytes: Buffer): Promise<number> {
  const answer = await fetch(`${registry.url}/v2/hello/blobs/${sha256(bytes)}`, { redirect: 'manual' });
  return answer.status;
}

/**
 * Promise: a promotion that is to wait for mirrors moves its tag only when they hold the image, and otherwise says
 * which do; asking again finishes it.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { pushImage } from '../protocol/pushing.ts';
import { expectError, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { promote, waitingPromotion } from './promoting.ts';

describe('promotions that wait for mirrors', () => {
  const cleanUp = new AsyncDisposableStack();
  let registry: TestRegistry;
  let nearDirectory: string;
  before(async () => {
    const directory = cleanUp.use(await tempDir('mirrors'));
    nearDirectory = join(directory.path, 'near');
    const [near, gone] = [await freePort(), await freePort()];
    const mirrors = [
      {
        ...{ name: 'near', url: `http://127.0.0.1:${near}`, sameoperator: true, serve: `127.0.0.1:${near}` },
        write: { directory: `${directory.path}/near` },
      },
      // It can be written to, but nobody serves it: no client may ever be sent there.
      {
        ...{ name: 'gone', url: `http://127.0.0.1:${gone}`, sameoperator: true },
        write: { directory: `${directory.path}/gone` },
      },
    ];
    registry = cleanUp.use(await startRegistry({ mirrors }));
  });
  after(() => cleanUp.disposeAsync());

  const stable = (tag: string) => send(registry.url, `/v2/hello/manifests/${tag}`);

  it('move the tag when enough mirrors hold the image', async () => {
    await pushImage(registry.url, 'candidate/hello', '1', [newBytes(100_000)]);
    const { lines } = await promote(registry.url, 'candidate/hello:1', 'hello:1', { waitMirrors: 1 });
    const waiting = lines.filter((line) => line.event === 'waiting');
    expect(waiting.at(-1)).to.deep.equal({ event: 'waiting', seq: 1, ready: ['near'], wanted: 1 });
    expect(lines.slice(-2).map(({ event }) => event)).to.deep.equal(['tagged', 'done']);
    expect((await stable('1')).status).to.equal(200);
  });

  it('fail when a mirror never comes, name those that did, and leave the tag', async () => {
    await pushImage(registry.url, 'candidate/hello', '2', [newBytes(100_000)]);
    // The first mirror then has its blobs already, however slow the disk is.
    await promote(registry.url, 'candidate/hello:2', 'hello:near', { waitMirrors: 1 });
    const asked = { waitMirrors: 2, waitTimeoutMs: 12_000 };
    const { lines } = await promote(registry.url, 'candidate/hello:2', 'hello:2', asked);
    const last = lines.at(-1);
    expect(last?.event).to.equal('failed');
    if (last?.event === 'failed') {
      expect(last.error.code).to.equal('UNAVAILABLE');
      expect(last.error.message).to.include('the tag was not moved');
      expect(last.error.detail).to.deep.include({ ready: ['near'], wanted: 2 });
    }
    expect(lines.map(({ event }) => event)).not.to.include('tagged');
    expectError(await stable('2'), 404, 'MANIFEST_UNKNOWN');

    const again = await promote(registry.url, 'candidate/hello:2', 'hello:2', { waitMirrors: 1 });
    expect(again.lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
    expect((await stable('2')).status).to.equal(200);
  });

  it('are refused at once when there are fewer mirrors', async () => {
    const answer = await promote(registry.url, 'candidate/hello:1', 'hello:3', { waitMirrors: 3 });
    const { message } = expectError(answer, 400, 'PARAMETER_INVALID');
    expect(message).to.include('2 are configured');
    expectError(await stable('3'), 404, 'MANIFEST_UNKNOWN');
  });

  it('do not move the tag when who asked has gone away', async () => {
    await pushImage(registry.url, 'candidate/hello', '4', [newBytes(100_000)]);
    const failures = async () => {
      const metrics = await (await fetch(`${registry.debugUrl}/metrics`)).text();
      return Number(/^roadstead_promotions_total\{outcome="failed"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
    };
    const failedBefore = await failures();
    const waiting = await waitingPromotion(registry.url, 'candidate/hello:4', 'hello:4', { waitMirrors: 2 });
    waiting.leave();
    // Counted when nothing more is done for it; by itself it would wait for minutes.
    await eventually('it is over', async () => (await failures()) === failedBefore + 1);
    expect((await waiting.ended).at(-1)?.event).to.equal('waiting');
    expectError(await stable('4'), 404, 'MANIFEST_UNKNOWN');
  });

  it('do not count a mirror that has lost what was published before, whatever its watermark says', async function () {
    this.timeout(30_000);
    // A file where its folders were: emptied, and not to be filled again.
    const isEmptied = async () => {
      try {
        await rm(nearDirectory, { recursive: true, force: true });
        await writeFile(nearDirectory, '');
        return true;
      } catch {
        // The worker was writing there.
        return false;
      }
    };
    await eventually('the mirror is emptied', isEmptied);
    const lacks = async () => {
      const answer = await fetch(`${registry.url}/api/v1/mirrors`);
      const { mirrors } = (await answer.json()) as { mirrors: { name: string; missing: number }[] };
      return mirrors.some((mirror) => mirror.name === 'near' && mirror.missing > 0);
    };
    await eventually('the mirror lacks something', lacks, 10_000, 100);
    for (const target of ['hello:again', 'hello:1']) {
      const asked = { waitMirrors: 1, waitTimeoutMs: 1500 };
      const { lines } = await promote(registry.url, 'candidate/hello:1', target, asked);
      expect(lines.at(-1)?.event, target).to.equal('failed');
    }
    expectError(await stable('again'), 404, 'MANIFEST_UNKNOWN');
    await rm(nearDirectory);
  });

  it('learn why when the service shuts down, and do not hold it up', async function () {
    this.timeout(20_000);
    await pushImage(registry.url, 'candidate/hello', '5', [newBytes(100_000)]);
    const waiting = await waitingPromotion(registry.url, 'candidate/hello:5', 'hello:5', { waitMirrors: 2 });
    const startedAt = performance.now();
    await registry.stop('SIGTERM');
    expect(performance.now() - startedAt).to.be.below(10_000);
    const last = (await waiting.ended).at(-1);
    expect(last?.event).to.equal('failed');
    if (last?.event === 'failed') expect(last.error.message).to.include('shutting down');
    await registry.start();
    expectError(await stable('5'), 404, 'MANIFEST_UNKNOWN');
  });
});

/**
 * Promise: a node that is killed while it takes one long request loses at most what came since the last checkpoint, over
 * files and over a bucket. Another node has the rest, and the upload is finished there.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect } from 'chai';
import { CHECKPOINTS } from '../../services/registry/content/upload-body.ts';
import { openBucket } from '../cluster/s3-bucket.ts';
import { keptBytes } from '../faults/uploads.ts';
import { send } from '../protocol/wire.ts';
import { eventually } from '../support/eventually.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type DefineSuite, requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const MIB = 1024 * 1024;
const LAYER_BYTES = 300 * MIB;
/** 95 % of it. */
const SENT_BYTES = 285 * MIB;
const UPLOADS = '/v2/big/blobs/uploads/';

interface Store {
  readonly storage: Readonly<Record<string, unknown>>;
  /** How much interrupted writes have left; undefined where only the server knows. */
  leftoverBytes?(): Promise<number>;
}

const block = randomBytes(MIB);
const layer = {
  *blocks(from: number, to: number): Generator<Buffer> {
    for (let at = from; at < to; ) {
      const end = Math.min(to, at + MIB - (at % MIB));
      yield block.subarray(at % MIB, (at % MIB) + end - at);
      at = end;
    }
  },
  digest() {
    const hash = createHash('sha256');
    for (const bytes of this.blocks(0, LAYER_BYTES)) hash.update(bytes);
    return `sha256:${hash.digest('hex')}`;
  },
};

/** Sends a part of the layer as one chunked PATCH, which it leaves open. */
function patchWithoutEnd(node: TestRegistry, path: string): Promise<void> {
  const outgoing = request(`${node.url}${path}`, { method: 'PATCH', agent: false });
  outgoing.on('error', () => undefined);
  return new Promise((resolve) => {
    const blocks = layer.blocks(0, SENT_BYTES);
    const more = (): void => {
      const next = blocks.next();
      if (next.done) resolve();
      else outgoing.write(next.value, more);
    };
    more();
  });
}

function describeKill(
  describeIt: DefineSuite,
  kind: string,
  open: (held: AsyncDisposableStack) => Promise<Store>,
) {
  describeIt(`a node that is killed at 95 % of one PATCH, over ${kind}`, function () {
    this.timeout(120_000);
    const held = new AsyncDisposableStack();
    after(() => held.disposeAsync());

    it('loses no more than a checkpoint, and the upload is finished at another node', async () => {
      const { storage, leftoverBytes } = await open(held);
      const start = async () =>
        held.use(
          await startRegistry({
            ...{ command: 'api', promotion: false },
            config: (config) => ({ ...config, storage, auth: 'none' }),
          }),
        );
      const [victim, other] = [await start(), await start()];
      const begun = await send(victim.url, UPLOADS, { method: 'POST' });
      const path = new URL(begun.headers.location ?? '', victim.url).pathname;
      await patchWithoutEnd(victim, path);
      const kept = async () => keptBytes((await send(other.url, path)).headers['range'] as string);
      const leastBytes = SENT_BYTES - CHECKPOINTS.checkpointBytes;
      await eventually('the other node sees what came', async () => (await kept()) > leastBytes, 60_000);
      await victim.stop('SIGKILL');

      const keptAtLast = await kept();
      expect(keptAtLast).to.be.within(leastBytes, SENT_BYTES);
      expect((await leftoverBytes?.()) ?? 0).to.be.at.most(CHECKPOINTS.checkpointBytes);
      const rest = await send(other.url, path, {
        method: 'PATCH',
        headers: {
          'content-range': `${keptAtLast}-${LAYER_BYTES - 1}`,
          'content-length': LAYER_BYTES - keptAtLast,
        },
        body: iterate(layer.blocks(keptAtLast, LAYER_BYTES)),
      });
      expect(rest.status, rest.body.toString()).to.equal(202);
      const digest = layer.digest();
      const closed = await send(other.url, `${path}?digest=${digest}`, { method: 'PUT' });
      expect(closed.status, closed.body.toString()).to.equal(201);
      const pulled = await send(other.url, `/v2/big/blobs/${digest}`);
      expect(createHash('sha256').update(pulled.body).digest('hex')).to.equal(digest.slice('sha256:'.length));
    });
  });
}

async function* iterate(blocks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* blocks;
}

describeKill(requires([]), 'files', async (held) => {
  const home = held.use(await tempDir('killed'));
  return {
    storage: { filesystem: { rootdirectory: home.path, sync: false } },
    leftoverBytes: async () => {
      const temporary = join(home.path, 'roadstead/.tmp');
      const files = await Promise.all((await readdir(temporary)).map((name) => stat(join(temporary, name))));
      return files.reduce((sum, { size }) => sum + size, 0);
    },
  };
});

describeKill(requires(RADOSGW_PROGRAMS), 'S3', async (held) => {
  const { storage } = held.use(await openBucket(startRadosgw));
  return { storage: { ...storage, redirect: { disable: true } } };
});

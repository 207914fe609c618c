/** Promise: over a shared store alone, a node's doubts reach the sync worker, each once; nothing is written or kept without need. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DoubtObjects } from '../../services/registry/publishing/mirrors/doubt-objects.ts';
import { DoubtReader } from '../../services/registry/publishing/mirrors/doubt-reader.ts';
import { MIRROR_DOUBTS_PREFIX, mirrorDoubtsKey } from '../../services/registry/storage/layout.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { eventually } from '../support/eventually.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { someBlobs } from './trouble-lab.ts';

const BLOBS = someBlobs(300, 'doubts');
const logger = { error() {}, warn() {}, info() {}, debug() {} } as never;

describe('doubts as objects', () => {
  let home: TempDir;
  let objects: FilesystemStore;
  beforeEach(async () => {
    home = await tempDir('doubts');
    objects = await FilesystemStore.open({ rootDirectory: home.path, sync: false });
  });
  afterEach(async () => {
    await objects[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  const keys = async () => (await objects.list({ prefix: MIRROR_DOUBTS_PREFIX, limit: 10 })).keys;
  const newNode = (node = crypto.randomUUID()) =>
    new DoubtObjects({ objects, node, logger, writeEveryMs: 10 });

  it('are read once, by every reader, in order', async () => {
    await using node = newNode();
    const [one, other] = [new DoubtReader(objects), new DoubtReader(objects)];
    expect(await one.read()).to.deep.equal([]);
    for (const digest of BLOBS.slice(0, 3)) node.doubt('near', digest);
    const expected = BLOBS.slice(0, 3).map((digest) => ({ mirror: 'near', digest }));
    const heard: unknown[] = [];
    await eventually('they are read', async () => heard.push(...(await one.read())) === 3);
    expect(heard).to.deep.equal(expected);
    expect(await one.read()).to.deep.equal([]);
    expect(await other.read()).to.deep.equal(expected);

    node.doubt('far', BLOBS[3] as never);
    await eventually('the next one is read', async () => heard.push(...(await one.read())) === 4);
    expect(heard[3]).to.deep.equal({ mirror: 'far', digest: BLOBS[3] });
  });

  it('come from each node, and of a flood the newest', async () => {
    await using one = newNode();
    await using other = newNode();
    one.doubt('near', BLOBS[0] as never);
    for (const digest of BLOBS) other.doubt('far', digest);
    await eventually('both are written', async () => (await keys()).length === 2);
    const heard = await new DoubtReader(objects).read();
    expect(heard.filter(({ mirror }) => mirror === 'near').length).to.equal(1);
    const far = heard.filter(({ mirror }) => mirror === 'far').map(({ digest }) => digest);
    expect(far).to.deep.equal(BLOBS.slice(-100));
  });

  it('are written only if there are any, and removed a minute after the last one', async () => {
    await using node = newNode();
    let nowMs = 0;
    const reader = new DoubtReader(objects, () => nowMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await keys()).to.deep.equal([]);

    node.doubt('near', BLOBS[0] as never);
    await eventually('it is read', async () => (await reader.read()).length === 1);
    nowMs += 59_000;
    await reader.read();
    expect((await keys()).length).to.equal(1);
    nowMs += 1000;
    await reader.read();
    expect(await keys()).to.deep.equal([]);

    // What comes after that is new; what was read is not read again.
    node.doubt('near', BLOBS[1] as never);
    const heard: unknown[] = [];
    await eventually('the next one is read', async () => heard.push(...(await reader.read())) > 0);
    expect(heard).to.deep.equal([{ mirror: 'near', digest: BLOBS[1] }]);
  });

  it('in a damaged object are skipped, and the others are read', async () => {
    await using node = newNode();
    node.doubt('near', BLOBS[0] as never);
    await eventually('it is written', async () => (await keys()).length === 1);
    const damaged = mirrorDoubtsKey('00000000-0000-4000-8000-000000000000');
    await writeFile(
      join(home.path, damaged),
      '{"version":1,"doubts":[{"number":1,"mirror":"..","digest":"x"}]}',
    );
    expect((await new DoubtReader(objects).read()).length).to.equal(1);
  });
});

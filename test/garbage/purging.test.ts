/**
 * Promise: uploads to which nothing was added for the age are removed with all that lies below them, ours and
 * Distribution's; those that are younger, or that a client goes on with, stay as they are.
 */
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type PurgeParts, purgeUploads } from '../../services/registry/garbage/online/purge-uploads.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { filesBelow } from '../protocol/on-disk.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { intercepted } from '../support/intercepted.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const NAME = 'candidate/app';
const DAY = 24 * 3_600_000;

describe('the purge of uploads', () => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await startRegistry();
  });
  afterEach(() => registry[Symbol.asyncDispose]());

  /** Begins an upload with some bytes, and makes all of it look as old as told. */
  async function upload(ageDays: number, isPartFresh = false): Promise<{ path: string; bytes: Buffer }> {
    const begun = await send(registry.url, `/v2/${NAME}/blobs/uploads/`, { method: 'POST' });
    const { pathname: path } = new URL(begun.headers.location ?? '', registry.url);
    const bytes = newBytes();
    const sent = await send(registry.url, path, { method: 'PATCH', body: bytes });
    expect(sent.status).to.equal(202);
    const at = new Date(Date.now() - ageDays * DAY);
    for (const file of await uploadFiles(path.split('/').at(-1)))
      if (!isPartFresh || file.endsWith('startedat'))
        await utimes(join(registry.rootDirectory, file), at, at);
    return { path, bytes };
  }

  async function uploadFiles(id = ''): Promise<string[]> {
    const files = await filesBelow(registry.rootDirectory);
    return files.filter((file) => file.includes('/_uploads/') && file.includes(id));
  }

  async function purge({
    dryRun = false,
    mayChange = async () => undefined,
    seen = (objects) => objects,
  }: Partial<PurgeParts> & {
    dryRun?: boolean;
    seen?: (objects: ObjectStore) => ObjectStore;
  } = {}): Promise<number> {
    await using objects = await FilesystemStore.open({ rootDirectory: registry.rootDirectory, sync: false });
    return purgeUploads({
      ...{ objects: seen(objects), mayChange, fence: OPEN_FENCE },
      ...{ now: Date.now(), signal: new AbortController().signal },
      settings: { ageMs: 7 * DAY, intervalMs: DAY, dryRun },
      logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
  }

  it('takes those that are old, and no other', async () => {
    const old = await upload(8);
    const young = await upload(6);
    const inUse = await upload(30, true);
    expect(await purge({ dryRun: true })).to.equal(1);
    expect(await uploadFiles(old.path.split('/').at(-1))).to.have.length.above(2);
    expect(await purge()).to.equal(1);
    expect(await uploadFiles(old.path.split('/').at(-1))).to.deep.equal([]);
    expect((await send(registry.url, old.path)).status).to.equal(404);
    for (const { path, bytes } of [young, inUse]) {
      const closed = await send(registry.url, `${path}?digest=${sha256(bytes)}`, { method: 'PUT' });
      expect(closed.status, closed.body.toString()).to.equal(201);
    }
  });

  it("takes what Distribution has left, with its hashes' states", async () => {
    const { path } = await upload(0);
    const id = path.split('/').at(-1) ?? '';
    await using objects = await FilesystemStore.open({ rootDirectory: registry.rootDirectory, sync: false });
    const theirs = `docker/registry/v2/repositories/${NAME}/_uploads/${crypto.randomUUID()}/`;
    for (const name of ['data', 'startedat', 'hashstates/sha256/0', 'hashstates/sha256/1000']) {
      await objects.put(theirs + name, Buffer.from('2020-01-01T00:00:00Z'));
      const at = new Date(Date.now() - 8 * DAY);
      await utimes(join(registry.rootDirectory, theirs + name), at, at);
    }
    expect(await purge()).to.equal(1);
    expect((await uploadFiles()).every((file) => file.includes(id))).to.equal(true);
  });

  it('keeps one that a client continues at the moment of its end', async () => {
    const { path, bytes } = await upload(8);
    const more = newBytes();
    const seen = (objects: ObjectStore) =>
      intercepted(objects, async ({ name, args: [keys], proceed }) => {
        if (name === 'delete' && String(keys).endsWith('startedat'))
          expect((await send(registry.url, path, { method: 'PATCH', body: more })).status).to.equal(202);
        return proceed();
      });
    expect(await purge({ seen })).to.equal(0);
    const digest = sha256(Buffer.concat([bytes, more]));
    const closed = await send(registry.url, `${path}?digest=${digest}`, { method: 'PUT' });
    expect(closed.status, closed.body.toString()).to.equal(201);
  });

  it('removes nothing when it may not', async () => {
    await upload(8);
    const before = await uploadFiles();
    const lost = () => Promise.reject(new Error('lost'));
    expect(await purge({ mayChange: lost }).catch(String)).to.equal('Error: lost');
    expect(await uploadFiles()).to.deep.equal(before);
  });
});

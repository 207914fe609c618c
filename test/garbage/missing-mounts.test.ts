/**
 * Promise: a mount that was written to and is not there now stops both collections, and a check names it, whatever is
 * written to its mount point meanwhile.
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { UnreadableError } from '../../services/registry/garbage/collector-reader.ts';
import { planGarbage } from '../../services/registry/garbage/offline/plan.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { check } from '../check/stores.ts';
import { hexOf } from '../support/digest.ts';
import { Content, Image, MEDIA_TYPES } from '../support/image.ts';
import { mountAt, requiresMounts } from '../support/mounts.ts';
import { tempDir } from '../support/temp.ts';
import { cycle, HOUR } from './cycles.ts';

const V2 = 'docker/registry/v2';
const REPOSITORIES = `${V2}/repositories`;
const TMPFS = ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs'];
const WAY = /repositories is a missing mount.*: mount it; if .* delete the record roadstead\/\.mounts\//;

requiresMounts()('a collection without one of its mounts', () => {
  const cleanUp = new AsyncDisposableStack();
  let root: string;
  beforeEach(async () => {
    root = cleanUp.use(await tempDir('missing')).path;
  });
  after(() => cleanUp.disposeAsync());

  const open = () => FilesystemStore.open({ rootDirectory: root, sync: false });
  const doomed = async (store: FilesystemStore) => {
    const options = { deleteUntagged: false, youngerThan: new Date(Date.now() + HOUR) };
    return (await planGarbage(store, options)).blobs.toDelete.size;
  };
  const refusal = async (store: FilesystemStore) => {
    const error = await doomed(store).catch((refused: unknown) => refused);
    expect(error).to.be.instanceOf(UnreadableError);
    return (error as UnreadableError).unreadable.join('\n');
  };
  const records = async () =>
    (await readdir(join(root, 'roadstead/.mounts'))).map((name) => join(root, 'roadstead/.mounts', name));

  /** Writes an image while `repositories/` is mounted. */
  async function withImage(act: (store: FilesystemStore) => Promise<void>): Promise<void> {
    await using _mount = await mountAt(join(root, REPOSITORIES), TMPFS);
    await using store = await open();
    const config = new Content(Buffer.from('{}'), MEDIA_TYPES.config);
    const image = new Image({ config, layers: [] });
    for (const { bytes, digest } of [config, image]) {
      const hex = hexOf(digest);
      await store.put(`${V2}/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`, bytes);
    }
    const revision = `${REPOSITORIES}/a/_manifests/revisions/sha256/${hexOf(image.digest)}/link`;
    await store.put(revision, Buffer.from(image.digest));
    expect(await doomed(store)).to.equal(0);
    await act(store);
  }

  it('deletes nothing and says what to do, until the record is deleted', async () => {
    await withImage(async (store) => {
      expect(await store.removeLeftovers(new Date(Date.now() + HOUR))).to.equal(0);
    });
    // A node that runs on, and one that starts: neither makes the mount point look like the mount.
    await using store = await open();
    await store.put(`${REPOSITORIES}/b/_uploads/1/startedat`, Buffer.from('now'));
    await using again = await open();
    await again.put(`${REPOSITORIES}/b/_uploads/2/startedat`, Buffer.from('now'));
    expect(await refusal(again)).to.match(WAY);
    const failed = await cycle(again, { at: HOUR }).catch((refused: UnreadableError) => refused.unreadable);
    expect(String(failed)).to.match(WAY);
    const found = (await check(root)).filter(({ kind }) => kind === 'unlisted');
    expect(JSON.stringify(found)).to.match(/repositories.*a missing mount/);
    for (const record of await records()) await rm(record);
    expect(await doomed(again)).to.equal(2);
  });

  it('knows the mounts that an older version recorded', async () => {
    const forget = async () => {
      for (const record of await records()) await writeFile(record, REPOSITORIES);
      await rm(join(root, REPOSITORIES, '.roadstead-tmp/.mount'), { force: true });
    };
    await withImage(async (store) => {
      await forget();
      expect(await doomed(store)).to.equal(0);
    });
    await using unmounted = await open();
    expect(await refusal(unmounted)).to.match(WAY);
    await withImage(async (store) => {
      expect(await doomed(store)).to.equal(0);
      await forget();
      await using _marking = await open();
      expect(await readdir(join(root, REPOSITORIES, '.roadstead-tmp'))).to.deep.equal(['.mount']);
    });
  });
});

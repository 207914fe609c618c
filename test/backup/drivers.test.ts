/**
 * Promise: a backup of any store is a sound store with the same content, a second run reads no content twice, and what is
 * restored from it into any store is the same again.
 */
import { expect } from 'chai';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { type MadeStore, ownStore } from '../check/stores.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { backedUp, contentOf, findingsOf, restored } from './backing-up.ts';

describe('a backup', () => {
  const held = new AsyncDisposableStack();
  let made: MadeStore;
  before(async () => {
    made = held.use(await ownStore());
  });
  after(() => held.disposeAsync());

  /** Copies the store to a driver, from there to a directory, and from there to another store of the driver. */
  async function goesRound(open: () => Promise<ObjectStore>): Promise<void> {
    await using original = await FilesystemStore.open({
      rootDirectory: made.path,
      sync: false,
      mode: 'read',
    });
    await using source = await open();
    await restored(original, source);
    expect(await contentOf(source)).to.deep.equal(await contentOf(original));

    await using directory = await tempDir('backup');
    await using backup = await FilesystemStore.open({ rootDirectory: directory.path, sync: false });
    const first = await backedUp(source, backup);
    expect(first.copied).to.be.above(30);
    expect(await contentOf(backup)).to.deep.equal(await contentOf(original));
    expect(await findingsOf(backup)).to.deep.equal(await findingsOf(original));

    const read: unknown[] = [];
    const watched = intercepted<ObjectStore>(source, ({ name, args: [key], proceed }) => {
      if (name === 'get' || name === 'read') read.push(key);
      return proceed();
    });
    const { copied, deleted } = await backedUp(watched, backup);
    expect({ copied, deleted }).to.deep.equal({ copied: 0, deleted: 0 });
    expect(read.filter((key) => /\/blobs\/|\/_layers\//.test(String(key)))).to.deep.equal([]);

    await using again = await open();
    await restored(backup, again);
    expect(await contentOf(again)).to.deep.equal(await contentOf(original));
    expect(await findingsOf(again)).to.deep.equal(await findingsOf(original));
  }

  it('goes from a file system to a file system and back', async () => {
    await goesRound(async () => {
      const directory = held.use(await tempDir('restored'));
      return FilesystemStore.open({ rootDirectory: directory.path, sync: false });
    });
  });

  it('goes from a store in memory and back', () => goesRound(async () => new MemoryStore()));

  requires(RADOSGW_PROGRAMS)('of a bucket', function () {
    this.timeout(120_000);
    it('goes from S3 and back', async () => {
      await using server = await startRadosgw();
      await goesRound(async () => S3Store.open(await server.newBucket()));
    });
  });
});

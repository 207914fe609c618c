import { expect } from 'chai';
import { type Damage, Integrity, SMALL_BLOB_MAX_BYTES } from '../../services/registry/content/integrity.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import { MemoryStore } from '../support/memory-store.ts';

/** What a verdict about stored bytes costs, and for what it holds (docs/decisions/0015-damaged-content.md). */
describe('verdicts about stored bytes', () => {
  const bytes = Buffer.from('as they were pushed');
  const digest = digestOf(bytes);
  const key = blobDataKey(digest);
  let store: MemoryStore;
  let reads: number;
  let damages: Damage[];
  let integrity: Integrity;

  beforeEach(() => {
    reads = 0;
    damages = [];
    store = new MemoryStore();
    const { read } = store;
    store.read = (...args) => {
      reads++;
      return read.apply(store, args);
    };
    integrity = new Integrity(store, (damage) => damages.push(damage));
  });

  /** Writes an object as of some second. */
  const write = (content: Buffer, seconds: number) => store.hold(key, content, new Date(seconds * 1000));
  const isSound = async () => {
    const stat = await store.stat(key);
    return stat && integrity.isSound(digest, stat);
  };

  it('are reached by one read of each version', async () => {
    write(bytes, 1);
    expect([await isSound(), await isSound()]).to.deep.equal([true, true]);
    expect(reads).to.equal(1);
    write(Buffer.from('as the disk has them'), 2);
    expect([await isSound(), await isSound()]).to.deep.equal([false, false]);
    expect(reads).to.equal(2);
    expect(damages.map(({ actual, sizeBytes }) => [actual, sizeBytes])).to.deep.equal([
      [digestOf(Buffer.from('as the disk has them')), 20],
    ]);
    write(bytes, 3);
    expect(await isSound()).to.equal(true);
  });

  it('do not outlive an upload, even if it cannot be distinguished from the version before', async () => {
    write(Buffer.from('as they were DAMAGED').subarray(0, bytes.length), 1);
    expect(await isSound()).to.equal(false);
    integrity.forget(digest);
    write(bytes, 1);
    expect(await isSound()).to.equal(true);
  });

  it('are about the bytes that were read, also when these are replaced later', async () => {
    write(Buffer.alloc(bytes.length), 1);
    const stat = await store.stat(key);
    write(bytes, 2);
    expect(stat && (await integrity.isSound(digest, stat))).to.equal(true);
    expect(await isSound()).to.equal(true);
    expect(damages).to.deep.equal([]);
  });

  it('cost no read of a large blob, and need one of whatever is handed out', async () => {
    write(Buffer.alloc(SMALL_BLOB_MAX_BYTES + 1), 1);
    expect(await isSound()).to.equal(true);
    expect(reads).to.equal(0);
    expect(await integrity.read(digest, 1 << 20)).to.equal(undefined);
    expect(await isSound(), 'once it is known').to.equal(false);
    expect(damages).to.have.length(1);
  });
});

/**
 * Promise: what a piece of an upload costs, and what closing the upload costs, does not grow with the pieces before it:
 * counted in requests to the store and in bytes, with each piece at another node than the one before.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { tempDir } from '../support/temp.ts';
import { type Cost, countingStore } from './counting-store.ts';
import { PiecewiseUpload } from './piecewise.ts';

const PIECE_BYTES = 1000;
/** Small segments are merged in powers of 16: so many pieces are a whole turn of that. */
const TURN = 256;

interface Measured {
  /** Per piece, on average over a turn. */
  readonly pieces: readonly Cost[];
  readonly most: readonly number[];
  readonly close: Cost;
}

async function measure(inner: ObjectStore, turns: number, more: number): Promise<Measured> {
  const { store, take } = countingStore(inner);
  const upload = await PiecewiseUpload.begin(store);
  const [pieces, most]: [Cost[], number[]] = [[], []];
  for (let turn = 0; turn < turns; turn++) {
    const costs: Cost[] = [];
    for (let i = 0; i < TURN; i++) {
      take();
      await upload.append(PIECE_BYTES);
      costs.push(take());
    }
    const mean = (what: keyof Cost) => costs.reduce((sum, cost) => sum + cost[what], 0) / TURN;
    pieces.push({
      calls: mean('calls'),
      readBytes: mean('readBytes'),
      writtenBytes: mean('writtenBytes'),
    });
    most.push(Math.max(...costs.map(({ calls }) => calls)));
  }
  for (let i = 0; i < more; i++) await upload.append(PIECE_BYTES);
  take();
  await upload.close();
  return { pieces, most, close: take() };
}

describe('an upload in many pieces', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  after(() => held.disposeAsync());

  const openFiles = async () => {
    const home = held.use(await tempDir('costs'));
    return held.use(await FilesystemStore.open({ rootDirectory: join(home.path, 'root'), sync: false }));
  };
  const KINDS: readonly (readonly [string, () => Promise<ObjectStore>])[] = [
    ['objects in memory', async () => new MemoryStore()],
    ['a file system', openFiles],
  ];

  for (const [kind, open] of KINDS)
    it(`costs the same for each piece and to close, over ${kind}`, async () => {
      const few = await measure(await open(), 1, 0);
      const many = await measure(await open(), 3, TURN - 1);
      const [first, , last] = many.pieces;
      if (first === undefined || last === undefined) throw new Error('nothing was measured');
      expect(last.calls).to.be.at.most(first.calls * 1.1);
      expect(last.readBytes).to.be.at.most(first.readBytes * 1.3);
      expect(last.writtenBytes).to.be.at.most(first.writtenBytes * 1.3);
      expect(Math.max(...many.most)).to.be.at.most(10);
      // Closing looks at each segment, of which there are at most 15 for each power of 16.
      const closeCallsMax = kind === 'a file system' ? few.close.calls : 50;
      expect(many.close.calls).to.be.at.most(closeCallsMax);
      expect(many.close.readBytes).to.be.at.most(8000);
    });

  it('over a file system is neither read nor copied to close it, in one piece or in a hundred', async () => {
    for (const count of [1, 2, 100]) {
      const { store, take } = countingStore(await openFiles());
      const upload = await PiecewiseUpload.begin(store);
      for (let i = 0; i < count; i++) await upload.append(100_000);
      take();
      await upload.close();
      const { readBytes, writtenBytes } = take();
      expect(readBytes).to.be.at.most(2000);
      expect(writtenBytes).to.be.at.most(2000);
    }
  });
});

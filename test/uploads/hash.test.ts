/**
 * Promise: the hash of an upload goes on from piece to piece and from node to node, so that closing it reads nothing;
 * where it cannot, closing reads everything once and ends the same.
 */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { UploadHashes } from '../../services/registry/content/upload-hash.ts';
import type { KnownHash } from '../../services/registry/content/upload-records.ts';
import { layerLinkKey } from '../../services/registry/storage/layout.ts';
import { FileMemoryStore, MemoryStore } from '../support/memory-store.ts';
import { countingStore } from './counting-store.ts';
import { NAME, PiecewiseUpload } from './piecewise.ts';

const PIECE_BYTES = 50_000;

describe('the hash of an upload in pieces', () => {
  it('is that of all bytes, however they are cut, with a node for each piece', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }), async (pieces) => {
        const whole = createHash('sha256');
        let known: KnownHash = {};
        let sizeBytes = 0;
        for (const piece of pieces) {
          const before = {
            ...{ sizeBytes, hash: known },
            ...{ segments: [], record: undefined, outdated: [] },
          };
          const hash = await new UploadHashes().goOn(before, true);
          hash.update(piece);
          sizeBytes += piece.length;
          known = hash.end();
          hash.remember('segment', sizeBytes);
          whole.update(piece);
          expect(known.digest).to.equal(`sha256:${whole.copy().digest('hex')}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is unknown, and nothing worse, from a state of another version of the library', async () => {
    const state = Buffer.alloc(116, 7).toString('base64');
    const before = { sizeBytes: 100, segments: [], hash: { state }, record: undefined, outdated: [] };
    const hash = await new UploadHashes().goOn(before, true);
    hash.update(Buffer.from('more'));
    expect(hash.end()).to.deep.equal({});
  });

  for (const Store of [MemoryStore, FileMemoryStore])
    for (const [who, nodes, says, isReadAgain] of [
      ['a client that says where its pieces lie, at two nodes', 2, [true, true, true], false],
      ['a client that does not, at one node', 1, [false, false, false], false],
      ['a client that does only when it resumes, at one node', 1, [false, true, true], false],
      ['a client that does not, at two nodes', 2, [false, false, false], true],
    ] as const)
      it(`${isReadAgain ? 'has all bytes read once' : 'needs no byte read again'} for ${who} (${Store.name})`, async () => {
        const { store, take } = countingStore(new Store());
        const upload = await PiecewiseUpload.begin(store, { nodes });
        for (const saysWhere of says) await upload.append(PIECE_BYTES, { saysWhere });
        take();
        const { digest } = await upload.close();
        const { readBytes } = take();
        if (isReadAgain)
          expect(readBytes).to.be.within(PIECE_BYTES * says.length, PIECE_BYTES * says.length + 4000);
        else expect(readBytes).to.be.below(4000);
        expect(await store.stat(layerLinkKey(NAME, digest))).to.not.equal(undefined);
      });
});

/**
 * Promise: an upload that an older node has begun goes on here; and one in many pieces that was begun here is nothing that
 * an older node takes for something else.
 */

import { expect } from 'chai';
import { Blobs } from '../../services/registry/content/blobs.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { uploadBytesKey, uploadPartKey, uploadPartsPrefix } from '../../services/registry/storage/layout.ts';
import { listAll } from '../../services/registry/storage/object-store.ts';
import { closeUpload } from '../support/library-pushes.ts';
import { FileMemoryStore, MemoryStore } from '../support/memory-store.ts';
import { NAME } from './piecewise.ts';

const PIECES = ['one piece, ', 'another piece, ', 'the last piece'].map((text) => Buffer.from(text));

function bodyOf(bytes: Buffer) {
  async function* stream(): AsyncGenerator<Buffer> {
    if (bytes.length > 0) yield bytes;
  }
  return { stream: stream(), sizeBytes: bytes.length, range: undefined };
}

for (const Store of [MemoryStore, FileMemoryStore])
  describe(`with older nodes, over a ${Store.name}`, () => {
    for (const theirs of [1, 2, 3])
      it(`continues after ${theirs} of ${PIECES.length} pieces that an older node took`, async () => {
        const store = new Store();
        const content = contentOf(store);
        const { uploads } = content;
        const id = await uploads.begin(NAME);
        let offset = 0;
        for (const bytes of PIECES.slice(0, theirs)) {
          const partId = crypto.randomUUID();
          await store.put(uploadBytesKey(NAME, id, partId), bytes);
          const record = { offset, sizeBytes: bytes.length, digest: digestOf(bytes), partId };
          await store.putIfAbsent(uploadPartKey(NAME, id, offset), Buffer.from(JSON.stringify(record)));
          offset += bytes.length;
        }
        expect(await uploads.sizeBytes({ name: NAME, id })).to.equal(offset);
        for (const bytes of PIECES.slice(theirs)) await uploads.append({ name: NAME, id }, bodyOf(bytes));
        const whole = Buffer.concat(PIECES);
        const { digest } = await closeUpload(
          content,
          { name: NAME, id },
          digestOf(whole),
          bodyOf(Buffer.alloc(0)),
        );
        expect((await new Blobs(store).read(digest, 1000))?.toString()).to.equal(whole.toString());
      });

    it('records a single piece as older nodes do, and more than that as none of them reads', async () => {
      const store = new Store();
      const { uploads } = contentOf(store);
      const id = await uploads.begin(NAME);
      const records = async () => {
        const found: Record<string, unknown>[] = [];
        for await (const { key } of listAll(store, { prefix: uploadPartsPrefix(NAME, id) }))
          if (key.endsWith('.json')) found.push(JSON.parse(String(await store.read(key, 10_000))));
        return found;
      };
      const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = PIECES;
      await uploads.append({ name: NAME, id }, bodyOf(first));
      const [only = {}] = await records();
      expect(only).to.have.all.keys('offset', 'sizeBytes', 'digest', 'partId');
      expect(only['digest']).to.equal(digestOf(first));
      await uploads.append({ name: NAME, id }, bodyOf(second));
      // They read all records, and demand of each what a part of its own has.
      expect((await records()).filter((record) => !('partId' in record))).to.have.length(1);
    });
  });

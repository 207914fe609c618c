/**
 * Promise: a request that brings many bytes, or brings them slowly, is at risk only since its last checkpoint: any node
 * sees what it has brought until then, and continues from there. A small body costs no more requests than one piece does.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Content, contentOf } from '../../services/registry/content/content.ts';
import type { Checkpoints } from '../../services/registry/content/upload-body.ts';
import { digestOf, parseSha256 } from '../../services/registry/oci/digest.ts';
import type { RegistryError } from '../../services/registry/oci/errors.ts';
import type { UploadId } from '../../services/registry/oci/names.ts';
import { uploadStartedAtKey } from '../../services/registry/storage/layout.ts';
import { type ObjectStore, StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { eventually } from '../support/eventually.ts';
import { intercepted } from '../support/intercepted.ts';
import { closeUpload } from '../support/library-pushes.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { tempDir } from '../support/temp.ts';
import { countingStore } from './counting-store.ts';
import { NAME } from './piecewise.ts';

const CHECKPOINT_BYTES = 1000;

/** A request that goes on until the test ends it. */
class OpenBody {
  readonly #wakes: PromiseWithResolvers<void>[] = [Promise.withResolvers()];
  readonly #chunks: Buffer[] = [];
  #end: 'open' | 'end' | 'cut' = 'open';

  send(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#wake();
  }

  finish(how: 'end' | 'cut' = 'end'): void {
    this.#end = how;
    this.#wake();
  }

  get body() {
    return { stream: this.#stream(), sizeBytes: undefined, range: undefined };
  }

  #wake(): void {
    this.#wakes.at(-1)?.resolve();
    this.#wakes.push(Promise.withResolvers());
  }

  async *#stream(): AsyncGenerator<Buffer> {
    for (let sent = 0; ; ) {
      const wake = this.#wakes.at(-1);
      const chunk = this.#chunks[sent];
      if (chunk !== undefined) {
        sent++;
        yield chunk;
      } else if (this.#end === 'cut') throw new Error('the connection broke');
      else if (this.#end === 'end') return;
      else await wake?.promise;
    }
  }
}

function patch(bytes: Buffer) {
  const open = new OpenBody();
  if (bytes.length > 0) open.send(bytes);
  open.finish();
  return { ...open.body, sizeBytes: bytes.length };
}

const kindOf = (request: Promise<unknown>) =>
  request.then(
    () => 'acknowledged',
    (error: RegistryError) => error.kind ?? error.message,
  );

describe('the checkpoints of an upload', () => {
  const held = new AsyncDisposableStack();
  after(() => held.disposeAsync());
  const openFiles = async () => {
    const home = held.use(await tempDir('checkpoints'));
    return held.use(await FilesystemStore.open({ rootDirectory: join(home.path, 'root'), sync: false }));
  };

  for (const [kind, open] of [
    ['objects', async () => new MemoryStore()],
    ['files', openFiles],
  ] as const)
    describe(`over ${kind}`, () => {
      let store: ObjectStore;
      let id: UploadId;
      let other: Content;
      before(async () => {
        store = await open();
        other = contentOf(store);
      });
      beforeEach(async () => {
        id = await other.uploads.begin(NAME);
      });

      const nodeOf = (checkpoints: Partial<Checkpoints>, objects = store) =>
        contentOf(objects, { uploads: { checkpointBytes: CHECKPOINT_BYTES, ...checkpoints } });
      const sizeBytes = () => other.uploads.sizeBytes({ name: NAME, id });
      const expectClosed = async (node: Content, whole: Buffer) => {
        await closeUpload(node, { name: NAME, id }, digestOf(whole), patch(Buffer.alloc(0)));
        const read = await other.blobs.read(parseSha256(digestOf(whole)), whole.length);
        expect(read?.equals(whole)).to.equal(true);
      };

      it('are there while the request is under way; another node continues, and the request is refused', async () => {
        const bytes = randomBytes(5 * CHECKPOINT_BYTES + 1);
        const open = new OpenBody();
        const request = kindOf(nodeOf({}).uploads.append({ name: NAME, id }, open.body));
        open.send(bytes);
        await eventually(
          'all checkpoints are seen',
          async () => (await sizeBytes()) === 5 * CHECKPOINT_BYTES,
        );
        // Its node died, or its client has lost the connection.
        const rest = bytes.subarray(5 * CHECKPOINT_BYTES);
        await other.uploads.append({ name: NAME, id }, patch(rest));
        await expectClosed(other, bytes);
        open.finish();
        expect(await request).to.equal('BLOB_UPLOAD_UNKNOWN');
      });

      it('do not change the hash that the same node continues from', async () => {
        const bytes = randomBytes(2 * CHECKPOINT_BYTES);
        const open = new OpenBody();
        const { store: counted, take } = countingStore(store);
        const node = nodeOf({}, counted);
        const request = kindOf(node.uploads.append({ name: NAME, id }, open.body));
        open.send(bytes);
        await eventually('both checkpoints are seen', async () => (await sizeBytes()) === bytes.length);
        // Bytes that no record will have.
        open.send(randomBytes(10));
        const rest = randomBytes(300);
        await node.uploads.append({ name: NAME, id }, patch(rest));
        open.finish();
        expect(await request).to.equal('RANGE_INVALID');
        take();
        await expectClosed(node, Buffer.concat([bytes, rest]));
        if (kind === 'objects') expect(take().readBytes).to.be.below(1000);
      });

      it('come after a time as well, even if the client sends nothing at that moment', async () => {
        const open = new OpenBody();
        const node = nodeOf({ checkpointMs: 5 });
        const request = kindOf(node.uploads.append({ name: NAME, id }, open.body));
        const bytes = randomBytes(30);
        for (let sent = 0; sent < bytes.length; ) {
          open.send(bytes.subarray(sent, sent + 10));
          sent += 10;
          await eventually('the bytes are recorded', async () => (await sizeBytes()) === sent);
        }
        open.finish();
        expect(await request).to.equal('acknowledged');
        await expectClosed(node, bytes);
      });

      it('stay if the connection breaks, and what came after them is kept, too', async () => {
        const open = new OpenBody();
        open.send(randomBytes(2 * CHECKPOINT_BYTES + 7));
        open.finish('cut');
        expect(await kindOf(nodeOf({}).uploads.append({ name: NAME, id }, open.body))).to.equal(
          'CLIENT_GONE',
        );
        expect(await sizeBytes()).to.equal(2 * CHECKPOINT_BYTES + 7);
      });

      it("stay if the store fails later, and the client hears of the store's failure", async () => {
        let records = 0;
        const failing = intercepted(store, ({ name, args, proceed }) => {
          if (name === 'putIfAbsent' && String(args[0]).endsWith('.json') && ++records === 3)
            throw new StoreUnavailableError('the store failed');
          return proceed();
        });
        const bytes = randomBytes(4 * CHECKPOINT_BYTES);
        const request = nodeOf({}, failing).uploads.append({ name: NAME, id }, patch(bytes));
        expect(await kindOf(request)).to.equal('the store failed');
        expect(await sizeBytes()).to.equal(2 * CHECKPOINT_BYTES);
        await other.uploads.append({ name: NAME, id }, patch(bytes.subarray(2 * CHECKPOINT_BYTES)));
        await expectClosed(other, bytes);
      });

      it('are not acknowledged once the upload is over', async () => {
        const open = new OpenBody();
        const request = kindOf(nodeOf({}).uploads.append({ name: NAME, id }, open.body));
        open.send(randomBytes(CHECKPOINT_BYTES));
        await eventually('a checkpoint is seen', async () => (await sizeBytes()) === CHECKPOINT_BYTES);
        await store.delete([uploadStartedAtKey(NAME, id)]);
        open.send(randomBytes(10));
        open.finish();
        expect(await request).to.equal('BLOB_UPLOAD_UNKNOWN');
      });

      it('cost a body up to their size nothing: it is one piece', async () => {
        const { store: counted, take } = countingStore(store);
        const node = nodeOf({}, counted);
        for (const length of [1, CHECKPOINT_BYTES]) {
          id = await node.uploads.begin(NAME);
          take();
          await node.uploads.append({ name: NAME, id }, patch(randomBytes(length)));
          // Asked: the records, Distribution's data, `startedat`. Written: the bytes, their record. Asked: is it the newest?
          expect(take().calls).to.equal(6);
        }
      });

      it('cost a long body a few requests each, and closing it none that read or write its bytes', async () => {
        const { store: counted, take } = countingStore(store);
        const node = nodeOf({ checkpointBytes: 6_000_000 }, counted);
        const bytes = randomBytes(60_000_000);
        take();
        await node.uploads.append({ name: NAME, id }, patch(bytes));
        expect(take().calls).to.be.below(10 * 6);
        await closeUpload(node, { name: NAME, id }, digestOf(bytes), patch(Buffer.alloc(0)));
        expect(take().readBytes).to.be.below(10_000);
      });
    });
});

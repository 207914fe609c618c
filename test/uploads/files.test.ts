/**
 * Promise: where pieces are added to a file, only bytes that were hashed ever become a blob: not those of a request that
 * failed, was killed, or sleeps and writes on after others have closed the upload.
 */

import { join } from 'node:path';
import { expect } from 'chai';
import { Blobs } from '../../services/registry/content/blobs.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { type Digest, digestOf, parseSha256 } from '../../services/registry/oci/digest.ts';
import type { UploadId } from '../../services/registry/oci/names.ts';
import {
  type ObjectStore,
  StoreFullError,
  StoreUnavailableError,
} from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { intercepted } from '../support/intercepted.ts';
import { closeUpload } from '../support/library-pushes.ts';
import { tempDir } from '../support/temp.ts';
import { NAME } from './piecewise.ts';

const FIRST = Buffer.from('the first piece, ');
const SECOND = Buffer.from('the second one');
const GARBAGE = Buffer.from('what nobody has acknowledged');

async function* bodyOf(...chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

const patch = (bytes: Buffer) => ({ stream: bodyOf(bytes), sizeBytes: bytes.length, range: undefined });
const EMPTY = { stream: bodyOf(), sizeBytes: 0, range: undefined };

/** A store whose `grow` is another. */
function growing(inner: FilesystemStore, grow: NonNullable<ObjectStore['grow']>): ObjectStore {
  return withMethod(inner, 'grow', grow);
}

function withMethod(
  inner: FilesystemStore,
  name: keyof ObjectStore,
  method: (...args: never[]) => unknown,
): ObjectStore {
  return intercepted(inner, (call) =>
    call.name === name ? Reflect.apply(method, inner, call.args) : call.proceed(),
  );
}

describe('an upload whose file grows', () => {
  const held = new AsyncDisposableStack();
  let store: FilesystemStore;
  before(async () => {
    const home = held.use(await tempDir('files'));
    store = held.use(await FilesystemStore.open({ rootDirectory: join(home.path, 'root'), sync: false }));
  });
  after(() => held.disposeAsync());

  const begin = async (): Promise<UploadId> => {
    const { uploads } = contentOf(store);
    const id = await uploads.begin(NAME);
    await uploads.append({ name: NAME, id }, patch(FIRST));
    return id;
  };
  const expectBlob = async (digest: Digest, bytes: Buffer) =>
    expect((await new Blobs(store).read(parseSha256(digest), 1000))?.toString()).to.equal(bytes.toString());
  const close = (id: UploadId, bytes: Buffer) =>
    closeUpload(contentOf(store), { name: NAME, id }, digestOf(bytes), EMPTY);

  it('leaves out what a failed write has left, whether it is closed or continued', async () => {
    const failing = growing(store, async (key, fromBytes) => {
      await store.grow(key, fromBytes, bodyOf(GARBAGE));
      throw new Error('the disk failed');
    });
    for (const rest of [Buffer.alloc(0), SECOND]) {
      const id = await begin();
      const failed = await contentOf(failing)
        .uploads.append({ name: NAME, id }, patch(SECOND))
        .catch((error: Error) => error.message);
      expect(failed).to.equal('the disk failed');
      if (rest.length > 0) await contentOf(store).uploads.append({ name: NAME, id }, patch(rest));
      const { digest } = await close(id, Buffer.concat([FIRST, rest]));
      await expectBlob(digest, Buffer.concat([FIRST, rest]));
    }
  });

  it('forgets the hash of a piece whose record found no room, since another takes its place', async () => {
    let isFull = false;
    const filling = withMethod(store, 'putIfAbsent', (key: string, body: Buffer, ...rest: []) => {
      if (isFull && key.endsWith('.json')) throw new StoreFullError(undefined);
      return store.putIfAbsent(key, body, ...rest);
    });
    const here = contentOf(filling);
    const id = await here.uploads.begin(NAME);
    await here.uploads.append({ name: NAME, id }, patch(FIRST));
    isFull = true;
    const lost = Buffer.from('lost');
    expect(await here.uploads.append({ name: NAME, id }, patch(lost)).catch(String)).to.match(
      /store is full/,
    );
    isFull = false;
    // At another node, and of the same size.
    const kept = Buffer.from('kept');
    await contentOf(store).uploads.append({ name: NAME, id }, patch(kept));
    await here.uploads.append({ name: NAME, id }, patch(SECOND));
    const { digest } = await close(id, Buffer.concat([FIRST, kept, SECOND]));
    await expectBlob(digest, Buffer.concat([FIRST, kept, SECOND]));
  });

  it('keeps a sleeping request out of the blob that others made in the meantime', async () => {
    for (const rest of [Buffer.from('closed at once'), Buffer.from('added to, then closed')]) {
      const [asleep, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const sleepy = growing(store, (key, fromBytes, body) => {
        async function* slowly(): AsyncGenerator<Buffer> {
          for await (const chunk of body) {
            yield chunk;
            asleep.resolve();
            await awake.promise;
            yield chunk;
          }
        }
        return store.grow(key, fromBytes, slowly());
      });
      const id = await begin();
      const sleeping = contentOf(sleepy)
        .uploads.append({ name: NAME, id }, patch(GARBAGE))
        .then(
          () => 'acknowledged',
          (error: { kind?: string }) => error.kind,
        );
      await asleep.promise;
      const whole = Buffer.concat([FIRST, rest]);
      await contentOf(store).uploads.append({ name: NAME, id }, patch(rest));
      const { digest } = await close(id, whole);
      awake.resolve();
      expect(await sleeping).to.equal('BLOB_UPLOAD_UNKNOWN');
      await expectBlob(digest, whole);
    }
  });

  it('keeps a sleeping request out of a blob that is closed without another piece', async () => {
    const [asleep, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const sleepy = growing(store, (key, fromBytes, body) => {
      async function* late(): AsyncGenerator<Buffer> {
        asleep.resolve();
        await awake.promise;
        yield* body;
      }
      return store.grow(key, fromBytes, late());
    });
    const { uploads } = contentOf(store);
    const bytes = Buffer.from('all that was acknowledged');
    const id = await uploads.begin(NAME);
    await uploads.append({ name: NAME, id }, patch(bytes));
    const sleeping = contentOf(sleepy)
      .uploads.append({ name: NAME, id }, patch(GARBAGE))
      .catch((error: { kind?: string }) => error.kind);
    await asleep.promise;
    const { digest } = await close(id, bytes);
    awake.resolve();
    expect(await sleeping).to.equal('BLOB_UPLOAD_UNKNOWN');
    await expectBlob(digest, bytes);
  });

  it('is not written to behind a write that the store has not answered, which may still come', async () => {
    const late: (() => Promise<boolean>)[] = [];
    const unanswered = growing(store, async (key, fromBytes) => {
      late.push(() => store.grow(key, fromBytes, bodyOf(GARBAGE)));
      throw new StoreUnavailableError('no answer');
    });
    const id = await begin();
    const failed = await contentOf(unanswered)
      .uploads.append({ name: NAME, id }, patch(SECOND))
      .catch((error: Error) => error.message);
    expect(failed).to.equal('no answer');
    const rest = Buffer.from('sent again');
    await contentOf(store).uploads.append({ name: NAME, id }, patch(rest));
    for (const write of late) await write();
    const { digest } = await close(id, Buffer.concat([FIRST, rest]));
    for (const write of late) await write();
    await expectBlob(digest, Buffer.concat([FIRST, rest]));
  });

  it('does not grow once it is a blob, though the upload was not forgotten', async () => {
    const bytes = Buffer.from('closed, and the process died');
    const { uploads } = contentOf(store);
    const id = await uploads.begin(NAME);
    await uploads.append({ name: NAME, id }, patch(bytes));
    await uploads.publish(await uploads.verify({ name: NAME, id }, digestOf(bytes), EMPTY));
    await uploads.append({ name: NAME, id }, patch(GARBAGE));
    await expectBlob(digestOf(bytes), bytes);
    const { digest } = await close(id, Buffer.concat([bytes, GARBAGE]));
    await expectBlob(digest, Buffer.concat([bytes, GARBAGE]));
  });
});

/**
 * Promise: whatever the order of an upload's requests, and whatever they say of themselves, either exactly the bytes
 * that were sent become the blob, or the request is refused and nothing has changed.
 */

import { expect } from 'chai';
import fc from 'fast-check';
import { type Content, contentOf } from '../../services/registry/content/content.ts';
import { type Algorithm, digestBy } from '../../services/registry/oci/digest.ts';
import { type ErrorKind, RegistryError } from '../../services/registry/oci/errors.ts';
import { newUploadId, parseRepositoryName, type UploadId } from '../../services/registry/oci/names.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { closeUpload } from '../support/library-pushes.ts';
import { tempDir } from '../support/temp.ts';
import { someBytes } from './arbitraries.ts';
import { bodyOf, bytesOf, type Manner } from './upload-bodies.ts';

const NAME = parseRepositoryName('hello');
const READ_MAX_BYTES = 1_000_000;

/** What the registry should know: of each upload its bytes, undefined when it is over. */
interface Model {
  readonly uploads: { id: UploadId; bytes: Buffer | undefined }[];
}

type Command = fc.AsyncCommand<Model, Content>;

async function kindOf(promise: Promise<unknown>): Promise<ErrorKind | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    expect(error).to.be.instanceOf(RegistryError);
    return (error as RegistryError).kind;
  }
}

/** What comes of a body, by the book: the kind of its refusal, and the bytes that the upload has behind it. */
function outcomeOf(
  had: Buffer,
  bytes: Buffer,
  manner: Manner,
): { kind: ErrorKind | undefined; has: Buffer; isRead: boolean } {
  const { range, sizeBytes } = bodyOf(bytes, had.length, manner);
  if (range && range.first !== had.length) return { kind: 'RANGE_INVALID', has: had, isRead: false };
  if (range && manner.tellsSize && manner.stretch !== 0)
    return { kind: 'SIZE_INVALID', has: had, isRead: false };
  if (sizeBytes === 0) return { kind: undefined, has: had, isRead: false };
  const has = Buffer.concat([had, bytes.subarray(0, manner.cutAt)]);
  return { kind: manner.cutAt === undefined ? undefined : 'CLIENT_GONE', has, isRead: true };
}

class Begin implements Command {
  check = () => true;
  async run(model: Model, { uploads }: Content): Promise<void> {
    model.uploads.push({ id: await uploads.begin(NAME), bytes: Buffer.alloc(0) });
  }
  toString = () => 'begin';
}

abstract class OnOne implements Command {
  readonly #which: number;
  constructor(which: number) {
    this.#which = which;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, content: Content): Promise<void> {
    const known = model.uploads[this.#which % Math.max(1, model.uploads.length)];
    await this.act(known ?? { id: newUploadId(), bytes: undefined }, content);
    if (!known) return;
    const { id, bytes } = known;
    const size = content.uploads.sizeBytes({ name: NAME, id });
    if (bytes) {
      expect(await size).to.equal(bytes.length);
      expect((await bytesOf(content.objects, NAME, id)).equals(bytes)).to.equal(true);
    } else expect(await kindOf(size)).to.equal('BLOB_UPLOAD_UNKNOWN');
  }
  abstract act(upload: Model['uploads'][number], content: Content): Promise<void>;
  abstract toString(): string;
}

class Append extends OnOne {
  readonly #bytes: Buffer;
  readonly #manner: Manner;
  constructor(which: number, bytes: Buffer, manner: Manner) {
    super(which);
    this.#bytes = bytes;
    this.#manner = manner;
  }
  async act(upload: Model['uploads'][number], { uploads }: Content): Promise<void> {
    const had = upload.bytes;
    const body = bodyOf(this.#bytes, had?.length ?? 0, this.#manner);
    const kind = await kindOf(uploads.append({ name: NAME, id: upload.id }, body));
    const expected = had && outcomeOf(had, this.#bytes, this.#manner);
    expect(kind).to.equal(expected ? expected.kind : 'BLOB_UPLOAD_UNKNOWN');
    upload.bytes = expected?.has;
  }
  toString = () => `append(${this.#bytes.length} bytes, ${JSON.stringify(this.#manner)})`;
}

class Commit extends OnOne {
  readonly #bytes: Buffer;
  readonly #manner: Manner;
  readonly #algorithm: Algorithm;
  readonly #isRight: boolean;
  constructor(which: number, bytes: Buffer, manner: Manner, algorithm: Algorithm, isRight: boolean) {
    super(which);
    this.#bytes = bytes;
    this.#manner = manner;
    this.#algorithm = algorithm;
    this.#isRight = isRight;
  }
  async act(upload: Model['uploads'][number], content: Content): Promise<void> {
    const { blobs } = content;
    const had = upload.bytes ?? Buffer.alloc(0);
    const whole = Buffer.concat([had, this.#bytes]);
    const digest = digestBy(this.#algorithm, this.#isRight ? whole : Buffer.from('other'));
    const body = bodyOf(this.#bytes, had.length, this.#manner);
    const kind = await kindOf(closeUpload(content, { name: NAME, id: upload.id }, digest, body));
    if (!upload.bytes) return void expect(kind).to.equal('BLOB_UPLOAD_UNKNOWN');
    const expected = outcomeOf(had, this.#bytes, this.#manner);
    if (expected.kind !== undefined) {
      expect(kind).to.equal(expected.kind);
      upload.bytes = expected.has;
      return;
    }
    expect(kind).to.equal(this.#isRight ? undefined : 'DIGEST_INVALID');
    upload.bytes = undefined;
    if (!this.#isRight) return;
    const stat = await blobs.stat(NAME, digest);
    expect(stat?.sizeBytes).to.equal(whole.length);
    const read = stat && (await blobs.read(stat.digest, READ_MAX_BYTES));
    expect(read?.equals(whole)).to.equal(true);
  }
  toString = () => `commit(${this.#bytes.length} bytes, ${this.#algorithm}, right: ${this.#isRight})`;
}

class Cancel extends OnOne {
  async act(upload: Model['uploads'][number], { uploads }: Content): Promise<void> {
    const kind = await kindOf(uploads.cancel({ name: NAME, id: upload.id }));
    expect(kind).to.equal(upload.bytes ? undefined : 'BLOB_UPLOAD_UNKNOWN');
    upload.bytes = undefined;
  }
  toString = () => 'cancel';
}

const manner: fc.Arbitrary<Manner> = fc.record({
  shift: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    fc.constant(undefined),
    fc.integer({ min: -9, max: 9 }),
  ),
  stretch: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
  tellsSize: fc.boolean(),
  cutAt: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, fc.nat(20)),
});
const which = fc.nat(3);
const algorithm = fc.constantFrom<Algorithm[]>('sha256', 'sha512');
const commands = fc.commands(
  [
    fc.constant(new Begin()),
    fc.tuple(which, someBytes, manner).map((args) => new Append(...args)),
    fc.tuple(which, someBytes, manner).map((args) => new Append(...args)),
    fc.tuple(which, someBytes, manner, algorithm, fc.boolean()).map((args) => new Commit(...args)),
    which.map((one) => new Cancel(one)),
  ],
  { maxCommands: 25 },
);

describe('uploads', function () {
  this.timeout(60_000);

  it('become exactly the bytes that were sent, or are refused, in any order of requests', async () => {
    await using home = await tempDir('uploads');
    await using objects = await FilesystemStore.open({ rootDirectory: home.path, sync: false });
    await fc.assert(
      fc.asyncProperty(commands, fc.constantFrom(3, 1000), async (run, checkpointBytes) => {
        const real = contentOf(objects, { uploads: { checkpointBytes } });
        await fc.asyncModelRun(() => ({ model: { uploads: [] }, real }), run);
      }),
      { numRuns: 120 },
    );
  });
});

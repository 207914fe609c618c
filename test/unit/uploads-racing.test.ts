/**
 * Promise: however the requests of several clients on one upload interleave, each store call against each, what one of
 * them was told is done is done with exactly its bytes, and the others hear of a refusal.
 */

import { expect } from 'chai';
import fc from 'fast-check';
import { contentOf } from '../../services/registry/content/content.ts';
import type { Checkpoints } from '../../services/registry/content/upload-body.ts';
import { Uploads } from '../../services/registry/content/uploads.ts';
import { type Digest, digestOf } from '../../services/registry/oci/digest.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { parseRepositoryName } from '../../services/registry/oci/names.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { intercepted } from '../support/intercepted.ts';
import { closeUpload } from '../support/library-pushes.ts';
import { FileMemoryStore, MemoryStore } from '../support/memory-store.ts';
import { someBytes } from './arbitraries.ts';
import { bodyOf, bytesOf } from './upload-bodies.ts';

const NAME = parseRepositoryName('hello');
const READ_MAX_BYTES = 1_000_000;
const REFUSALS = ['RANGE_INVALID', 'BLOB_UPLOAD_UNKNOWN', 'DIGEST_INVALID'];

/** Every call waits for its turn, which the scheduler gives in any order; so does every chunk of what is written. */
function scheduled(objects: ObjectStore, scheduler: fc.Scheduler): ObjectStore {
  return intercepted(objects, async ({ name, args, proceed }) => {
    const turn = () => scheduler.schedule(Promise.resolve(), `${String(name)} ${String(args[0])}`);
    await turn();
    return proceed(args.map((arg) => (isBody(arg) ? inTurns(arg, turn) : arg)));
  });
}

function isBody(arg: unknown): arg is AsyncIterable<Buffer> {
  return typeof arg === 'object' && arg !== null && Symbol.asyncIterator in arg;
}

async function* inTurns(body: AsyncIterable<Buffer>, turn: () => Promise<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    await turn();
    yield chunk;
  }
}

interface Act {
  readonly what: 'append' | 'commit' | 'cancel';
  readonly bytes: Buffer;
  /** Whether it says that its bytes begin where the upload ended when all began. */
  readonly says: boolean;
  /** How many appends, one after the other: the later ones go on where the upload then ends. */
  readonly times: number;
}

const act: fc.Arbitrary<Act> = fc.record({
  what: fc.constantFrom<Act['what'][]>('append', 'append', 'append', 'commit', 'commit', 'cancel'),
  bytes: someBytes,
  says: fc.boolean(),
  times: fc.integer({ min: 1, max: 3 }),
});

describe('clients that race for one upload', function () {
  this.timeout(60_000);

  for (const [kind, Store] of [
    ['objects', MemoryStore],
    ['files, which grow', FileMemoryStore],
  ] as const)
    it(`each get a true answer, over a store of ${kind}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          someBytes,
          fc.array(act, { minLength: 2, maxLength: 4 }),
          // Most bodies are then recorded in several pieces, between which others may come.
          fc.constantFrom(5, undefined),
          (scheduler, base, acts, checkpointBytes) =>
            run(new Store(), scheduler, base, acts, { ...(checkpointBytes && { checkpointBytes }) }),
        ),
        { numRuns: 600 },
      );
    });
});

async function run(
  objects: ObjectStore,
  scheduler: fc.Scheduler,
  base: Buffer,
  acts: readonly Act[],
  checkpoints: Partial<Checkpoints>,
): Promise<void> {
  const plain = contentOf(objects);
  const slow = contentOf(scheduled(objects, scheduler));
  // Whatever may be deleted is deleted at once, so that those who come late find it gone.
  const uploads = new Uploads(slow.objects, slow.blobs, slow.quarantine, { outdatedMax: 1, ...checkpoints });
  const id = await plain.uploads.begin(NAME);
  const manner = { shift: undefined, stretch: 0, tellsSize: true, cutAt: undefined };
  if (base.length > 0) await plain.uploads.append({ name: NAME, id }, bodyOf(base, 0, manner));
  const committed: { digest: Digest; bytes: Buffer }[] = [];
  const appended: { end: number; bytes: Buffer }[] = [];
  let isCancelled = false;
  const one = async ({ what, bytes, says, times }: Act): Promise<void> => {
    const body = bodyOf(bytes, base.length, { ...manner, shift: says ? 0 : undefined });
    if (what === 'append') {
      appended.push({ end: await uploads.append({ name: NAME, id }, body), bytes });
      for (let time = 1; time < times; time++)
        appended.push({ end: await uploads.append({ name: NAME, id }, bodyOf(bytes, 0, manner)), bytes });
    } else if (what === 'cancel') {
      await uploads.cancel({ name: NAME, id });
      isCancelled = true;
    } else {
      const whole = Buffer.concat([base, bytes]);
      await closeUpload({ ...slow, uploads }, { name: NAME, id }, digestOf(whole), body);
      committed.push({ digest: digestOf(whole), bytes: whole });
    }
  };
  const outcomes = Promise.allSettled(acts.map(one));
  await scheduler.waitFor(outcomes);
  for (const outcome of await outcomes) {
    if (outcome.status === 'fulfilled') continue;
    const { reason } = outcome;
    expect(reason, String(reason?.stack)).to.be.instanceOf(RegistryError);
    expect(reason.kind).to.be.oneOf(REFUSALS);
  }
  for (const { digest, bytes } of committed) {
    const stat = await plain.blobs.stat(NAME, digest);
    const read = stat && (await plain.blobs.read(stat.digest, READ_MAX_BYTES));
    expect(read?.equals(bytes), 'the blob').to.equal(true);
  }
  const isOpen = await plain.uploads.sizeBytes({ name: NAME, id }).then(
    () => true,
    () => false,
  );
  if (committed.length > 0 || isCancelled) expect(isOpen, 'closed for good').to.equal(false);
  if (!isOpen) return;
  const has = await bytesOf(objects, NAME, id);
  expect(has.subarray(0, base.length).equals(base)).to.equal(true);
  for (const { end, bytes } of appended)
    expect(has.subarray(end - bytes.length, end).equals(bytes), 'what was acknowledged').to.equal(true);
}

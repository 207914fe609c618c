/**
 * Promise: however the requests of several clients on one upload interleave, each store call against each, what one of
 * them was told is done is done with exactly its bytes, and the others hear of a refusal.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { contentOf } from '../../services/registry/content/content.ts';
import { type Digest, digestOf } from '../../services/registry/digest.ts';
import { RegistryError } from '../../services/registry/errors.ts';
import { parseRepositoryName } from '../../services/registry/names.ts';
import type { ObjectStore } from '../../services/registry/object-store.ts';
import { someBytes } from './arbitraries.ts';
import { MemoryStore } from './memory-store.ts';
import { bodyOf, bytesOf } from './upload-bodies.ts';

const NAME = parseRepositoryName('hello');
const READ_MAX_BYTES = 1_000_000;
const REFUSALS = ['RANGE_INVALID', 'BLOB_UPLOAD_UNKNOWN', 'DIGEST_INVALID'];

/** Every call waits for its turn, which the scheduler gives in any order. */
function scheduled(objects: ObjectStore, scheduler: fc.Scheduler): ObjectStore {
  return new Proxy(objects, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        await scheduler.schedule(Promise.resolve(), `${String(property)} ${String(args[0])}`);
        return value.apply(target, args);
      };
    },
  });
}

interface Act {
  readonly what: 'append' | 'commit' | 'cancel';
  readonly bytes: Buffer;
  /** Whether it says that its bytes begin where the upload ended when all began. */
  readonly says: boolean;
}

const act: fc.Arbitrary<Act> = fc.record({
  what: fc.constantFrom<Act['what'][]>('append', 'append', 'append', 'commit', 'commit', 'cancel'),
  bytes: someBytes,
  says: fc.boolean(),
});

describe('clients that race for one upload', function () {
  this.timeout(60_000);

  it('are each told the truth', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), someBytes, fc.array(act, { minLength: 2, maxLength: 4 }), run),
      { numRuns: 600 },
    );
  });
});

async function run(scheduler: fc.Scheduler, base: Buffer, acts: readonly Act[]): Promise<void> {
  const objects = new MemoryStore();
  const plain = contentOf(objects);
  const { uploads } = contentOf(scheduled(objects, scheduler));
  const id = await plain.uploads.begin(NAME);
  const manner = { shift: undefined, stretch: 0, tellsSize: true, cutAt: undefined };
  if (base.length > 0) await plain.uploads.append(NAME, id, bodyOf(base, 0, manner));
  const committed: { digest: Digest; bytes: Buffer }[] = [];
  const appended: { end: number; bytes: Buffer }[] = [];
  let isCancelled = false;
  const one = async ({ what, bytes, says }: Act): Promise<void> => {
    const body = bodyOf(bytes, base.length, { ...manner, shift: says ? 0 : undefined });
    if (what === 'append') appended.push({ end: await uploads.append(NAME, id, body), bytes });
    else if (what === 'cancel') {
      await uploads.cancel(NAME, id);
      isCancelled = true;
    } else {
      const whole = Buffer.concat([base, bytes]);
      await uploads.commit(NAME, id, digestOf(whole), body);
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
  const isOpen = await plain.uploads.sizeBytes(NAME, id).then(
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

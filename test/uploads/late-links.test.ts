/**
 * Promise: a blob whose deletion was acknowledged stays deleted, although a request that linked it, and that was made a
 * second time, reaches the store after that.
 */
import { expect } from 'chai';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { type Content, contentOf } from '../../services/registry/content/content.ts';
import { removeBlob } from '../../services/registry/content/delete.ts';
import { mountBlob } from '../../services/registry/content/push-blob.ts';
import { TURN_TIMING, type TurnClock } from '../../services/registry/content/turns/timing.ts';
import { Turns } from '../../services/registry/content/turns/turns.ts';
import { digestBy, digestOf } from '../../services/registry/oci/digest.ts';
import { LATE_MS } from '../../services/registry/storage/fence.ts';
import type { ObjectStore, PutOptions } from '../../services/registry/storage/object-store.ts';
import { intercepted } from '../support/intercepted.ts';
import { closeUpload, NOBODY } from '../support/library-pushes.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { NAME } from './piecewise.ts';

const BYTES = Buffer.from('a layer');

/** Time passes only when somebody waits; what is due then happens. */
class WaitedTime implements TurnClock {
  #now = 0;
  readonly #due: { readonly at: number; readonly act: () => Promise<void> }[] = [];

  now(): number {
    return this.#now;
  }

  async wait(ms: number): Promise<void> {
    this.#now += ms;
    for (const due of this.#due.filter(({ at }) => at <= this.#now)) {
      this.#due.splice(this.#due.indexOf(due), 1);
      await due.act();
    }
  }

  later(): () => void {
    return () => undefined;
  }

  at(ms: number, act: () => Promise<void>): void {
    this.#due.push({ at: this.#now + ms, act });
  }
}

/** Each link is written by a second request; the first one comes shortly before it would be too late. */
function withLateLinks(store: ObjectStore, time: WaitedTime): ObjectStore {
  return intercepted(store, ({ name, args, proceed }) => {
    const [key, body, options] = args as [string, Buffer, PutOptions | undefined];
    if (name !== 'put' || !key.includes('/_layers/')) return proceed();
    time.at(LATE_MS - 1, () => store.put(key, body));
    options?.fence?.doubt();
    return proceed();
  });
}

describe('the link of a blob that is written twice, once late', () => {
  let store: MemoryStore;
  let time: WaitedTime;
  let pusher: Content;
  let other: Content;
  beforeEach(() => {
    store = new MemoryStore();
    time = new WaitedTime();
    // A client that waits for as long as it takes.
    const timing = { ...TURN_TIMING, patienceMs: 2 * LATE_MS };
    const nodeOver = (objects: ObjectStore) =>
      contentOf(objects, { turns: new Turns(objects, { clock: time, timing }) });
    pusher = nodeOver(withLateLinks(store, time));
    other = nodeOver(store);
  });

  for (const algorithm of ['sha256', 'sha512'] as const)
    for (const how of ['pushed', 'mounted'] as const)
      it(`does not come back when it was ${how} by ${algorithm}`, async () => {
        const digest = digestBy(algorithm, BYTES);
        const id = await pusher.uploads.begin(NAME);
        const stream = (async function* () {
          yield BYTES;
        })();
        const body = { stream, sizeBytes: BYTES.length, range: undefined };
        await closeUpload(how === 'pushed' ? pusher : other, { name: NAME, id }, digest, body);
        if (how === 'mounted')
          await mountBlob({ content: pusher }, NOBODY, { repository: NAME, digest, from: NAME });
        const registry = { content: other, changes: new MemoryChanges() };
        await removeBlob(registry, NOBODY, NAME, digest);
        await time.wait(2 * LATE_MS);
        expect(await other.blobs.resolve(NAME, digest)).to.equal(undefined);
        expect(await other.blobs.resolve(NAME, digestOf(BYTES))).to.equal(undefined);
      });
});

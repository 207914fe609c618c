/** Promise: what `services/registry/storage/locks.ts` says in words, held in code for every way of taking turns. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import type { Locks } from '../../services/registry/storage/locks.ts';

/** The processes of one registry; where they cannot be several, both are the same. */
export interface OpenedLocks extends AsyncDisposable {
  readonly here: Locks;
  readonly there: Locks;
  /** How long one waits for a turn. */
  readonly patienceMs: number;
  /** How long a turn lasts unless it is renewed, if it is. */
  readonly leaseMs?: number;
}

/** Holds a lock until told to let go. */
export async function holding(locks: Locks, name: string) {
  const [taken, over] = [Promise.withResolvers<AbortSignal>(), Promise.withResolvers<void>()];
  const held = locks.withLock(name, async (signal) => {
    taken.resolve(signal);
    await over.promise;
    return 'held to the end';
  });
  held.catch(taken.reject);
  const signal = await taken.promise;
  return {
    signal,
    /** What `withLock` came to. */
    release: () => {
      over.resolve();
      return held;
    },
  };
}

/** The error that a turn ended with. */
export async function refusal(turn: Promise<unknown>): Promise<RegistryError> {
  const error = await turn.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(RegistryError);
  return error as RegistryError;
}

/** A turn, asked for again for as long as there are too many: on a busy machine forty may take longer than one waits. */
async function inTheEnd<T>(turn: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await turn();
    } catch (error) {
      if (!(error instanceof RegistryError) || error.kind !== 'UNAVAILABLE') throw error;
    }
}

/** The contract of {@link Locks}, as a suite. */
export function describeLocks(title: string, open: () => Promise<OpenedLocks>): void {
  describe(`locks ${title}`, () => {
    let opened: OpenedLocks;
    let name = '';
    before(async function () {
      this.timeout(60_000);
      opened = await open();
    });
    beforeEach(() => {
      name = `turn/${crypto.randomUUID()}`;
    });
    after(() => opened[Symbol.asyncDispose]());

    it('are held by one at a time, by everyone in the end', async function () {
      this.timeout(60_000);
      let inside = 0;
      let most = 0;
      let counter = 0;
      const turn = (locks: Locks): Promise<number> =>
        locks.withLock(name, async () => {
          most = Math.max(most, ++inside);
          const read = counter;
          await sleep(Math.random() * 4);
          counter = read + 1;
          inside--;
          return counter;
        });
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, i) => inTheEnd(() => turn(i % 2 === 0 ? opened.here : opened.there))),
      );
      expect({ most, counter }).to.deep.equal({ most: 1, counter: 40 });
      expect(answers.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 40 }, (_, i) => i + 1));
    });

    it('of different names do not wait for each other', async () => {
      const one = await holding(opened.here, name);
      expect(await opened.here.withLock(`${name}/other`, async () => 'here')).to.equal('here');
      expect(await opened.there.withLock(`${name}/third`, async () => 'there')).to.equal('there');
      expect(await one.release()).to.equal('held to the end');
    });

    it('are free again after a failure, which is returned as it is', async () => {
      const mishap = new Error('mishap');
      const thrown = await opened.here
        .withLock(name, () => Promise.reject(mishap))
        .catch((error: unknown) => error);
      expect(thrown).to.equal(mishap);
      expect(await opened.there.withLock(name, async () => 'next')).to.equal('next');
    });

    it('that cannot be had in time are UNAVAILABLE, here and there, and are had later', async () => {
      const one = await holding(opened.here, name);
      const startedAt = performance.now();
      const refusals = await Promise.all(
        [opened.here, opened.there].map((locks) => refusal(locks.withLock(name, async () => 'taken'))),
      );
      const waitedMs = performance.now() - startedAt;
      expect(refusals.map(({ kind }) => kind)).to.deep.equal(['UNAVAILABLE', 'UNAVAILABLE']);
      expect(waitedMs).to.be.within(opened.patienceMs * 0.9, opened.patienceMs * 2 + 10_000);
      expect(await one.release()).to.equal('held to the end');
      expect(await opened.there.withLock(name, async () => 'later')).to.equal('later');
    });

    it('are vouched for as long as they are held, however long that is', async () => {
      const one = await holding(opened.here, name);
      await sleep(Math.max(opened.patienceMs * 2, (opened.leaseMs ?? 0) * 1.2));
      expect(one.signal.aborted).to.equal(false);
      expect(await one.release()).to.equal('held to the end');
    });
  });
}

/**
 * Promise: the explorer tries every order, and finds what a late write, a pause or a death can do: whatever harms a
 * protocol that is wrong is found, and nothing in one that is right.
 */
import { expect } from 'chai';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import type { Fence } from '../../services/registry/storage/fence.ts';
import { rejection } from '../contract/area.ts';
import { type Actor, everyOrder, type Hands, OrderError } from '../garbage/interleaving.ts';
import { LATE_MS } from '../garbage/one-order.ts';
import { MemoryStore } from '../support/memory-store.ts';

const VALID_MS = 4000;
const SILENCE_MS = 8000;

const bytes = (text: string) => Buffer.from(text);
const written = (store: MemoryStore) => store.held.get('x')?.bytes.toString();

/** Makes so many requests. */
const asker = (name: string, requests: number): Actor => ({
  name,
  act: async ({ objects }) => {
    for (let i = 0; i < requests; i++) await objects.stat('x');
  },
});

/** One attempt, then none. */
function oneAttempt(): Fence {
  let isInDoubt = false;
  return {
    check() {
      if (isInDoubt) throw new RegistryError('UNAVAILABLE', 'in doubt');
    },
    doubt() {
      isInDoubt = true;
    },
  };
}

/** The same, for a time. */
function validFor(ms: number, { clock }: Hands): Fence {
  const { check, doubt } = oneAttempt();
  return {
    check() {
      check();
      if (clock.now() >= ms) throw new RegistryError('UNAVAILABLE', 'too late');
    },
    doubt,
  };
}

async function expectFound(isFound: boolean, exploring: Promise<number>): Promise<void> {
  if (isFound) expect(await rejection(exploring)).to.be.instanceOf(OrderError);
  else expect(await exploring).to.be.above(1);
}

describe('the explorer of orders', () => {
  it('tries each order once', async () => {
    const world = (first: number, second: number) => () => ({
      store: new MemoryStore(),
      actors: [asker('a', first), asker('b', second)],
      atEnd: () => undefined,
    });
    expect(await everyOrder({ switches: 99 }, world(3, 2))).to.equal(10);
    expect(await everyOrder({ switches: 99 }, world(4, 4))).to.equal(70);
    expect(await everyOrder({ switches: 0 }, world(4, 4))).to.equal(2);
  });

  it('kills a process before any of its requests', async () => {
    const ends: number[] = [];
    await everyOrder({ switches: 0 }, () => {
      const store = new MemoryStore();
      const act: Actor['act'] = async ({ objects }) => {
        for (const key of ['1', '2', '3']) await objects.put(key, bytes(key));
      };
      return { store, actors: [{ name: 'a', mayDie: true, act }], atEnd: () => ends.push(store.held.size) };
    });
    expect(ends.sort()).to.deep.equal([0, 1, 2, 3]);
  });

  for (const [how, fence, isFound] of [
    ['undoes a later one', undefined, true],
    ['is not made again in doubt, so that nobody goes on before it is over', oneAttempt, false],
  ] as const)
    it(`a late write ${how}`, async () => {
      const world = () => {
        const store = new MemoryStore();
        const act: Actor['act'] = async ({ objects }) => {
          try {
            await objects.put('x', bytes('1'), { fence: fence?.() });
          } catch {
            return;
          }
          await objects.put('x', bytes('2'), { fence: fence?.() });
        };
        const atEnd = () => expect(written(store)).not.to.equal(store.held.size === 0 ? '2' : '1');
        return { store, actors: [{ name: 'a', act }], atEnd };
      };
      await expectFound(isFound, everyOrder({ switches: 0, late: true }, world)).catch((error: unknown) => {
        // In doubt, and it came late: nobody wrote after it.
        if (isFound || !(error instanceof OrderError)) throw error;
        expect(error.steps).to.have.length(2);
      });
    });

  /** Takes over from somebody who holds a lock and falls silent. */
  const takeover = (fenceOf: ((hands: Hands) => Fence) | undefined, waitMs: number) => () => {
    const store = new MemoryStore();
    store.hold('lock', '');
    let isTaken = false;
    const holder: Actor = {
      name: 'holder',
      act: async (hands) => {
        const fence = fenceOf?.(hands);
        try {
          await hands.objects.put('x', bytes('holder'), { fence });
          await hands.objects.delete(['lock'], undefined, { fence });
        } catch (error) {
          if (!(error instanceof RegistryError)) throw error;
        }
      },
    };
    const other: Actor = {
      name: 'other',
      act: async ({ objects, clock }) => {
        for (let looks = 0; looks < 2 && (await objects.stat('lock')); looks++) await clock.wait(SILENCE_MS);
        if (await objects.stat('lock')) await clock.wait(waitMs);
        await objects.put('x', bytes('other'));
        isTaken = true;
      },
    };
    const afterEach = () => {
      if (isTaken) expect(written(store)).to.equal('other');
    };
    return { store, actors: [holder, other], afterEach, atEnd: () => undefined };
  };
  const valid = (hands: Hands) => validFor(VALID_MS, hands);

  it('a holder that was paused writes when it wakes, without a fence', () =>
    expectFound(true, everyOrder({ switches: 2 }, takeover(undefined, LATE_MS))));

  it('a holder that was paused in the midst of a request has it done, with a fence', () =>
    expectFound(true, everyOrder({ switches: 2 }, takeover(valid, 0))));

  it('does nothing of that to one who waits until requests are over', () =>
    expectFound(false, everyOrder({ switches: 4, late: true }, takeover(valid, LATE_MS))));
});

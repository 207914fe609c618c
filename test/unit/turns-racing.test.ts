/**
 * Promise: of processes that race for the turns of a repository no two write at the same time, however slow their
 * requests, at whatever rates their clocks run, whoever dies; and that rests on the times that are stated.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { tagChange } from '../../services/registry/content/turns/change.ts';
import { TURN_TIMING, type TurnTiming } from '../../services/registry/content/turns/timing.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { FakeTime, Process } from './turn-processes.ts';

const NAME = parseRepositoryName('app');
const DIGEST = digestOf(Buffer.from('1'));
const DAY_MS = 24 * 3_600_000;

interface Drawn {
  readonly fromMs: number;
  readonly rate: number;
  /** How long its requests take, on their way there and back. */
  readonly delaysMs: readonly number[];
  /** When it writes in a turn, after the last write. */
  readonly pausesMs: readonly number[];
  readonly diesAtMs: number | undefined;
}

const delay = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 12_000 }) },
);
const drawn: fc.Arbitrary<Drawn> = fc.record({
  fromMs: fc.integer({ min: 0, max: DAY_MS }),
  // Twice, at the most, between any two.
  rate: fc.constantFrom(1, 1.1, 1.9, 2),
  delaysMs: fc.array(delay, { minLength: 1, maxLength: 12 }),
  pausesMs: fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 4 }),
  diesAtMs: fc.option(fc.integer({ min: 0, max: 30_000 }), { nil: undefined }),
});

/** Runs processes that take three turns each; returns the writes in their order, each as the number of its turn. */
async function race(all: readonly Drawn[], timing: TurnTiming): Promise<number[]> {
  const time = new FakeTime();
  const store = new MemoryStore();
  const writes: number[] = [];
  let begun = 0;
  const run = async ({ delaysMs, pausesMs, diesAtMs, ...clock }: Drawn, at: number) => {
    let requests = 0;
    const delayed = () => time.wait(delaysMs[requests++ % delaysMs.length] ?? 0);
    const process = new Process(store, time, {
      ...clock,
      timing,
      async around({ proceed }) {
        await delayed();
        const result = await proceed();
        await delayed();
        return result;
      },
    });
    let isDead = false;
    const death = new Promise<void>((resolve) => {
      if (diesAtMs === undefined) return;
      time.at(diesAtMs, () => {
        isDead = true;
        process.kill();
        resolve();
      });
    });
    // Nothing that they change is at odds, so that nobody waits for what is in doubt.
    const changes = [tagChange(parseTag(`t${at}`), DIGEST)];
    const take = () =>
      process.turns.take(NAME, changes, async ({ fence }) => {
        if (isDead) return;
        const turn = ++begun;
        for (const ms of pausesMs) {
          await process.wait(ms);
          fence.check();
          writes.push(turn);
        }
      });
    const takeAll = async () => {
      for (let i = 0; i < 3; i++)
        await take().catch((error: unknown) => {
          if (!(error instanceof RegistryError)) throw error;
        });
    };
    await Promise.race([takeAll(), death]);
  };
  await time.until(Promise.all(all.map(run)));
  return writes;
}

/** Each writes only until the next one's turn has begun. */
const racing = (timing: TurnTiming, hear: (writes: readonly number[]) => void = () => undefined) =>
  fc.asyncProperty(fc.array(drawn, { minLength: 2, maxLength: 4 }), async (all) => {
    const writes = await race(all, timing);
    hear(writes);
    expect(writes).to.deep.equal(writes.toSorted((a, b) => a - b));
  });

describe('processes that race for turns', function () {
  this.timeout(60_000);

  it('write one after the other', async () => {
    let turns = 0;
    const count = (writes: readonly number[]) => {
      turns += new Set(writes).size;
    };
    await fc.assert(racing(TURN_TIMING, count), { numRuns: 150 });
    expect(turns).to.be.above(300);
  });

  for (const [what, timing] of [
    ['others have too little patience with a silent one', { silenceMs: 2000 }],
    ['a holder relies on its turn for too long', { validMs: 20_000 }],
  ] as const)
    it(`do not if ${what}`, async () => {
      const found = await fc.check(racing({ ...TURN_TIMING, ...timing }), {
        seed: 1,
        numRuns: 2000,
        endOnFailure: true,
      });
      expect(found.failed).to.equal(true);
    });
});

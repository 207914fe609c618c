/**
 * Promise: the pull cache keeps its word about age also when the store is slow: an answer is as old as the moment when
 * the store was asked, not as the moment when it answered; and other keys' changes do not disturb a renewal.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { Cached } from '../../services/registry/storage/cached.ts';

const MAX_AGE_MS = 1000;

describe('Cached over a slow store', () => {
  let nowMs: number;
  let cache: Cached<number>;
  beforeEach(() => {
    nowMs = 0;
    cache = new Cached<number>({ maxSize: 100, sizeOf: () => 1, maxAgeMs: MAX_AGE_MS, now: () => nowMs });
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('counts the age of an answer from when the store was asked', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const asked = cache.get('tag', () => promise);
    nowMs = 900;
    resolve(1);
    await asked;
    nowMs = 1500;
    let loads = 0;
    const load = async () => {
      loads += 1;
      return 2;
    };
    expect(await cache.get('tag', load), 'what the store said 1500 ms ago').to.equal(2);
    expect(loads).to.equal(1);
  });

  it('keeps a renewal, or renews again, when another key changes in between', async () => {
    await cache.get('tag', async () => 1);
    nowMs = 600;
    const { promise, resolve } = Promise.withResolvers<number>();
    cache.get('tag', () => promise);
    cache.invalidate('another');
    resolve(2);
    await turn();
    nowMs = 900;
    let loads = 0;
    const answer = cache.get('tag', async () => {
      loads += 1;
      return 3;
    });
    expect(answer === 2 || loads === 1, `answered ${answer} with ${loads} renewals`).to.equal(true);
  });

  it('never answers with what the store has not said within the age limit, whatever happens in between', async () => {
    type Step = { wait: number } | { ask: true } | { write: true } | { tell: true } | { answer: true };
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ wait: fc.integer({ min: 1, max: 700 }) }),
      fc.constant({ ask: true as const }),
      fc.constant({ write: true as const }),
      fc.constant({ tell: true as const }),
      fc.constant({ answer: true as const }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
        let clockMs = 0;
        /** What the store held, and from when on; the newest last. */
        const history = [{ value: 0, sinceMs: 0 }];
        const newest = () => history.at(-1)?.value ?? 0;
        const pending: (() => void)[] = [];
        const own = new Cached<number>({
          ...{ maxSize: 10, sizeOf: () => 1, maxAgeMs: MAX_AGE_MS, now: () => clockMs },
        });
        // The store decides when it is asked, and answers when it gets round to it.
        const load = () => {
          const value = newest();
          return new Promise<number>((resolve) => pending.push(() => resolve(value)));
        };
        for (const each of steps) {
          if ('wait' in each) clockMs += each.wait;
          else if ('write' in each) history.push({ value: newest() + 1, sinceMs: clockMs });
          else if ('tell' in each) own.invalidate('tag');
          else if ('answer' in each) {
            for (const answer of pending.splice(0)) answer();
            await turn();
          } else {
            const answer = own.get('tag', load);
            if (typeof answer !== 'number') continue;
            const replaced = history.find(({ value }) => value === answer + 1);
            const staleMs = replaced === undefined ? 0 : clockMs - replaced.sinceMs;
            expect(staleMs, 'stale for').to.be.at.most(MAX_AGE_MS);
          }
        }
        for (const answer of pending) answer();
      }),
      { numRuns: 2000 },
    );
  });
});

/** Promise: the login guard decides as its rules say, in whatever order attempts come. */
import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryAttempts } from '../../../services/memory/attempts.ts';
import { dullGuard } from './twin.ts';
import { loginsAt } from './world.ts';

const attempt = fc.record({
  account: fc.constantFrom('alice', 'bob'),
  address: fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 }))
    .map(([a, b, c]) => `192.${a}.${b}.${c}`),
  password: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 10_000 }).map((n) => `guess ${n}`) },
    { weight: 1, arbitrary: fc.constantFrom('right', 'an old secret') },
  ),
  pauseMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 30_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 60_000, max: 1_200_000 }) },
  ),
});

describe('the login guard and its dull twin', function () {
  this.timeout(120_000);

  it('decide alike', async () => {
    const seen = new Set<string>();
    const property = fc.asyncProperty(
      fc.integer({ min: 3, max: 5 }),
      fc.array(attempt, { minLength: 20, maxLength: 80 }),
      async (attempts, all) => {
        const clock = { nowMs: Date.UTC(2026, 0, 1) };
        const guard = loginsAt(clock, new MemoryAttempts({ now: () => clock.nowMs }), attempts);
        const twin = dullGuard(clock, attempts);
        for (const { account, address, password, pauseMs } of all) {
          clock.nowMs += pauseMs;
          const [one, other] = [
            await guard(account, address, password),
            await twin(account, address, password),
          ];
          seen.add(typeof one === 'number' ? 'waits' : one);
          expect(one, `${account} from ${address}`).to.equal(other);
        }
      },
    );
    await fc.assert(property, { numRuns: 150 });
    expect([...seen].sort()).to.deep.equal(['known', 'unknown', 'waits']);
  });
});

/**
 * Promise: no stranger keeps the owner of an account from logging in from a new network, whatever they send; guesses at an
 * account are few each hour; and names that are made up fill no memory. A day of attackers on a clock that the test moves.
 */
import { expect } from 'chai';
import { MemoryAttempts } from '../../../services/memory/attempts.ts';
import {
  besiege,
  bursts,
  evenly,
  hoarding,
  hopping,
  madeUpNames,
  polling,
  type Strategy,
  tenHosters,
  unrelated,
  worstHour,
} from './attackers.ts';
import { loginsAt } from './world.ts';

const IS_NIGHTLY = process.env['NIGHTLY'] === '1';
/** At night a whole day, and all names. */
const HOURS = IS_NIGHTLY ? 24 : 4;
const NAMES = IS_NIGHTLY ? 1_000_000 : 60_000;
/** The turn of a day, as any other. */
const START_MS = Date.UTC(2026, 0, 1);

/** Somewhere else each hour, by turns in IPv4 and IPv6. */
const elsewhere = (hour: number) => {
  const h = Math.floor(hour);
  return h % 2 === 0 ? `198.${h}.7.7` : `2b0${h.toString(16)}:5:5:5::5`;
};

function world() {
  const clock = { nowMs: START_MS };
  const counts = new MemoryAttempts({ now: () => clock.nowMs });
  return { clock, counts, login: loginsAt(clock, counts) };
}

const STRATEGIES: Readonly<Record<string, () => readonly Strategy[]>> = {
  'evenly, all day': () => [evenly],
  'that come back exactly when they may': () => [polling()],
  'in bursts at the turn of each window': () => [bursts],
  'that save up their fresh networks for one hour': () => [hoarding],
  'from any number of addresses of one IPv6 provider': () => [hopping],
  'between made-up names': () => [madeUpNames((NAMES * 24) / HOURS)],
};

describe('a day of guesses from a thousand addresses at ten hosters', function () {
  this.timeout(IS_NIGHTLY ? 900_000 : 120_000);
  for (const [title, strategies] of Object.entries(STRATEGIES)) {
    it(`${title}: at most 20 an hour are looked at, and the owner never waits at a new address`, async () => {
      const { clock, counts, login } = world();
      const day = await besiege({
        ...{ clock, login, botnet: tenHosters(), strategies: strategies(), ownerAt: elsewhere, hours: HOURS },
      });
      expect(day.guessedAt, 'it attacks').to.have.length.above(20);
      expect(worstHour(day.guessedAt)).to.be.at.most(20);
      expect([day.logins, day.keptOutMs]).to.deep.equal([HOURS, 0]);
      expect(counts.size).to.be.at.most(300_000);
    });
  }

  it('and a known client of the account has its own counter all the while', async () => {
    const { clock, counts, login } = world();
    await login('alice', '192.0.2.1', 'right');
    await besiege({
      ...{ clock, login, botnet: tenHosters(), strategies: [bursts, hopping], ownerAt: elsewhere, hours: 1 },
    });
    for (let i = 0; i < 5; i++) expect(await login('alice', '192.0.2.1', `typo ${i}`)).to.equal('unknown');
    expect(await login('alice', '192.0.2.1', 'right')).to.equal('known');
    expect(counts.size).to.be.below(20_000);
  });
});

describe('a day of guesses from a thousand unrelated networks', function () {
  this.timeout(IS_NIGHTLY ? 900_000 : 120_000);

  it('lets each network try once, no more; the owner never waits at a new address', async () => {
    const { clock, login } = world();
    const day = await besiege({
      ...{ clock, login, botnet: unrelated(1000), strategies: [polling()], ownerAt: elsewhere, hours: HOURS },
    });
    expect([day.logins, day.keptOutMs]).to.deep.equal([HOURS, 0]);
    expect(worstHour(day.guessedAt)).to.be.within(1000, 1010);
    expect(day.guessedAt.length).to.be.at.most(1000 + HOURS * 13);
  });
});

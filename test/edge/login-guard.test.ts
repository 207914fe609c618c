/**
 * Promise: whoever guesses passwords is slowed down before a hash is computed, however many guess at once and wherever
 * they guess from; and nobody can lock anybody else out of an account.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { MemoryAttempts } from '../../services/memory/attempts.ts';
import type { Authentication } from '../../services/registry/access/account.ts';
import type { AttemptCounts } from '../../services/registry/access/attempts.ts';
import { LoginGuard } from '../../services/registry/access/login-guard/guard.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { intercepted } from '../support/intercepted.ts';

const KNOWN: Authentication = {
  outcome: 'known',
  identity: { kind: 'user', name: 'alice', groups: [], memberships: [] },
};
const UNKNOWN: Authentication = { outcome: 'unknown' };

function guardOver(counts: AttemptCounts, attempts = 5, now?: () => number): LoginGuard {
  return new LoginGuard({
    counts,
    attempts,
    maxWaitMs: 300_000,
    trustedNetworks: ['10.0.0.0/8'],
    secret: 's',
    ...(now && { now, monotonicNow: now }),
  });
}

/** One that counts how often credentials were looked at. */
function world(attempts?: number, now?: () => number) {
  const counts = new MemoryAttempts(now && { now });
  const guard = guardOver(counts, attempts, now);
  const seen = { looks: 0 };
  const login = async (account: string, address: string, password: string): Promise<number | string> => {
    try {
      const answer = await guard.attempt({ account, address }, password, async () => {
        seen.looks++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return password === 'right' ? KNOWN : UNKNOWN;
      });
      return answer.outcome;
    } catch (error) {
      if (!(error instanceof RegistryError) || error.kind !== 'TOO_MANY_REQUESTS') throw error;
      return Number(error.detail?.['retryAfterSeconds']);
    }
  };
  return { counts, guard, login, seen };
}

describe('failed logins', () => {
  it('cost nothing at first, then make the next one wait, without its password being looked at', async () => {
    const { login, seen } = world();
    for (let i = 0; i < 5; i++) expect(await login('alice', '192.0.2.1', `wrong ${i}`)).to.equal('unknown');
    expect(await login('alice', '192.0.2.1', 'wrong 5')).to.equal('unknown');
    expect(seen.looks).to.equal(6);
    expect(await login('alice', '192.0.2.1', 'right')).to.equal(1);
    expect(seen.looks).to.equal(6);
  });

  it('of a known client double its wait', async () => {
    let nowMs = 0;
    const { login } = world(1, () => nowMs);
    expect(await login('alice', '192.0.2.1', 'right')).to.equal('known');
    await login('alice', '192.0.2.1', 'a');
    const waits: (number | string)[] = [];
    for (const next of ['b', 'c', 'd']) {
      expect(await login('alice', '192.0.2.1', next)).to.equal('unknown');
      const wait = await login('alice', '192.0.2.1', `${next}!`);
      waits.push(wait);
      nowMs += Number(wait) * 1000;
    }
    expect(waits).to.deep.equal([1, 2, 4]);
  });

  it('of a thousand guesses at once are as many as of guesses one after the other', async () => {
    const { login, seen } = world();
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => login('alice', '192.0.2.1', `guess ${i}`)),
    );
    expect(seen.looks).to.be.within(5, 6);
    expect(answers.filter((answer) => typeof answer === 'number')).to.have.length.above(990);
    // Those that were sent away did not make the wait longer: it is the first one still.
    expect(Math.max(...answers.filter((answer) => typeof answer === 'number'))).to.be.at.most(2);
  });

  it('of one account, from all over the world, make strangers wait and not its known clients', async () => {
    const { login, seen } = world();
    expect(await login('alice', '198.51.100.7', 'right')).to.equal('known');
    for (let i = 0; i < 150; i++) await login('alice', `192.0.2.${i}`, `guess ${i}`);
    expect(seen.looks - 1).to.be.at.most(20);
    // Another client of the guessers' network.
    expect(await login('alice', '192.0.2.200', 'right'))
      .to.be.a('number')
      .within(1, 900);
    expect(await login('alice', '203.0.113.5', 'right')).to.equal('known');
    expect(await login('alice', '2001:db8::5', 'right')).to.equal('known');
    expect(await login('alice', '198.51.100.7', 'right')).to.equal('known');
  });

  it('of its owner at a new address leave room for another try while others guess', async () => {
    let nowMs = 0;
    const { login } = world(5, () => nowMs);
    for (let minute = 0; minute < 180; minute++) {
      nowMs += 60_000;
      await login('alice', `192.0.2.${minute}`, `guess ${minute}`);
    }
    expect(await login('alice', '203.0.113.5', 'rigth')).to.equal('unknown');
    expect(await login('alice', '203.0.113.5', 'Right')).to.equal('unknown');
    expect(await login('alice', '203.0.113.5', 'right')).to.equal('known');
  });

  it('of one account count together however it is spelled: sources of accounts know it by each of these', async () => {
    const { login } = world(1);
    const spellings = ['alice', 'Alice', '%61lice', 'project/alice', 'a%6Cice', 'trust+7/ALICE', 'al%69ce'];
    const more = ['alice%20', 'alic\u00e9', 'alice@Default', '\uff41lice', 'al\u200bice'];
    const answers: (number | string)[] = [];
    for (const [i, name] of [...spellings, ...more].entries())
      answers.push(await login(name, `198.51.100.${i}`, `guess ${i}`));
    expect(answers.slice(0, 3)).to.deep.equal(['unknown', 'unknown', 'unknown']);
    expect(answers.slice(3).filter((answer) => typeof answer !== 'number')).to.deep.equal([]);
    // Nor do they say anything of other accounts, and somebody else's text is no reason to fail.
    expect(await login('bob', '198.51.100.99', 'x')).to.equal('unknown');
    expect(await login('%zz/%', '198.51.100.99', 'x')).to.equal('unknown');
  });

  it('of many accounts from one address make it wait, and not its neighbours who are known', async () => {
    const { login } = world();
    expect(await login('alice', '198.51.100.7', 'right')).to.equal('known');
    let waits = 0;
    for (let i = 0; i < 100; i++)
      if (typeof (await login(`user${i}`, '198.51.100.7', 'wrong')) === 'number') waits++;
    expect(waits).to.be.above(40);
    expect(await login('bob', '198.51.100.7', 'right')).to.be.a('number');
    expect(await login('alice', '198.51.100.7', 'right')).to.equal('known');
  });

  it('of a /64 of IPv6 count together', async () => {
    const { login, seen } = world();
    for (let i = 0; i < 50; i++) await login('alice', `2001:db8:1:2::${i.toString(16)}`, `guess ${i}`);
    expect(seen.looks).to.be.within(5, 6);
    expect(await login('alice', '2001:db8:1:3::1', 'guess')).to.equal('unknown');
  });

  it('are forgotten with the right password, and those of sources that are down count for nobody', async () => {
    const { guard, login } = world();
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 4; i++) await login('alice', '192.0.2.1', `wrong ${i}`);
      expect(await login('alice', '192.0.2.1', 'right')).to.equal('known');
    }
    for (let i = 0; i < 20; i++) {
      const down = guard.attempt({ account: 'bob', address: '192.0.2.9' }, `p${i}`, () =>
        Promise.reject(new RegistryError('UNAVAILABLE', 'down')),
      );
      expect(await down.catch((error: RegistryError) => error.kind)).to.equal('UNAVAILABLE');
    }
    expect(await login('bob', '192.0.2.9', 'wrong')).to.equal('unknown');
  });

  it('that repeat a wrong password guess nothing: machines with an old secret leave the account usable', async () => {
    const { login } = world();
    for (let i = 0; i < 40; i++) await login('robot+ci', `192.0.2.${i}`, 'the old secret');
    expect(await login('robot+ci', '192.0.2.200', 'right')).to.equal('known');
  });

  for (const everySeconds of [5, 30, 60, 300])
    it(`of machines with an old secret, each ${everySeconds} s, keep nobody new out behind their address`, async () => {
      let nowMs = 0;
      const { login, seen } = world(5, () => nowMs);
      let colleagues = 0;
      for (let second = 0; second < 4 * 3600; second += everySeconds) {
        nowMs += everySeconds * 1000;
        for (let i = 0; i < 6; i++) await login(`robot+${i}`, '203.0.113.9', `old secret ${i}`);
        if (second % 900 < everySeconds)
          expect(await login(`colleague${colleagues++}`, '203.0.113.9', 'right')).to.equal('known');
      }
      expect(colleagues).to.equal(16);
      // Nor do they gain by it: of each, 5 are free, and then there is a wait of up to 5 min.
      expect(seen.looks - colleagues).to.be.within(6 * 4 * 12, 6 * 4 * 25);
    });

  it('of one client, repeated under ever more names, end up waiting too', async () => {
    let nowMs = 0;
    const { login, seen } = world(5, () => nowMs);
    for (let second = 0; second < 3600; second += 10) {
      nowMs += 10_000;
      for (let i = 0; i < 50; i++) await login(`user${i}`, '203.0.113.9', 'wrong');
    }
    expect(seen.looks).to.be.within(200, 280);
  });

  it('are not what a hundred new machines meet that log in at once with the right secret', async () => {
    const { login } = world();
    const machines = Array.from({ length: 100 }, (_, i) => login('robot+ci', `192.0.2.${i}`, 'right'));
    expect(new Set(await Promise.all(machines))).to.deep.equal(new Set(['known']));
  });

  it('and attempts that had to wait leave nothing in memory but the counts of those that were made', async () => {
    const { counts, login, seen } = world();
    for (let i = 0; i < 60; i++) await login(`user ${i}`, '192.0.2.1', 'x');
    const [size, looks] = [counts.size, seen.looks];
    let refused = 0;
    for (let i = 0; i < 1000; i++)
      if (typeof (await login(`made up ${i}`, '192.0.2.1', 'x')) === 'number') refused++;
    expect(refused).to.equal(1000);
    expect([counts.size, seen.looks]).to.deep.equal([size, looks]);
  });

  it('of names that are made up displace no counts: neither of who is known nor of who guesses', async () => {
    const { counts, login } = world();
    expect(await login('alice', '198.51.100.7', 'right')).to.equal('known');
    for (let i = 0; i < 20; i++) await login('alice', '192.0.2.1', `guess ${i}`);
    const before = counts.size;
    // More than all counts of a kind, from one address.
    for (let i = 0; i < 105_000; i++) await login(`made up ${i}`, '192.0.2.1', 'x');
    expect(counts.size - before).to.be.below(200);
    expect(await login('alice', '192.0.2.1', 'guess')).to.be.a('number');
    for (let i = 0; i < 5; i++) expect(await login('alice', '198.51.100.7', `typo ${i}`)).to.equal('unknown');
  });

  it('that are polled for cost a client its turns elsewhere', async () => {
    const { login } = world();
    // What all strangers may fail is used up before.
    for (let i = 0; i < 20; i++) await login('alice', `192.0.2.${100 + i}`, `guess ${i}`);
    for (let i = 0; i < 100; i++) await login('alice', '192.0.2.1', `more ${i}`);
    expect(await login('bob', '192.0.2.1', 'x'))
      .to.be.a('number')
      .within(1, 72);
    expect(await login('bob', '192.0.2.2', 'x')).to.equal('unknown');
  });

  it('of trusted networks are not counted', async () => {
    const { login, seen } = world();
    for (let i = 0; i < 100; i++) await login('alice', '10.1.2.3', `guess ${i}`);
    expect(seen.looks).to.equal(100);
  });

  it('do not concern a client that logs in many times at once: its credentials are looked at once', async () => {
    const { login, seen } = world();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => login('alice', '192.0.2.1', 'right')),
    );
    expect(new Set(answers)).to.deep.equal(new Set(['known']));
    expect(seen.looks).to.equal(1);
  });
});

describe('waits of failed logins', () => {
  it('do not grow when the clock is set back', async () => {
    const real = Date.now;
    let backMs = 0;
    Date.now = () => real() - backMs;
    try {
      const { login } = world();
      const at = (address: string, name: string) => login(name, address, `guess ${Math.random()}`);
      for (let i = 0; i < 20; i++) await at(`198.51.100.${i}`, 'carol');
      for (let i = 0; i < 100; i++) await at('198.51.100.99', 'carol');
      for (let i = 0; i < 60; i++) await at('192.0.2.2', `user${i}`);
      // Last, as its wait is the shortest.
      for (let i = 0; i < 8; i++) await at('192.0.2.1', 'alice');
      backMs = 30 * 24 * 3_600_000;
      expect(await at('192.0.2.1', 'alice'), 'its own').to.be.within(1, 2);
      expect(await at('192.0.2.2', 'dave'), 'of a client').to.be.within(1, 72);
      expect(await at('198.51.100.99', 'dave'), 'of one that polled').to.be.within(1, 72);
      // The first in this hour as the clock has it.
      expect(await at('198.51.100.50', 'carol'), 'of strangers').to.equal('unknown');
    } finally {
      Date.now = real;
    }
  });
});

describe('credentials that were right a moment ago', () => {
  it('are looked at again without asking for any count, until they are wrong', async () => {
    let asked = 0;
    const counts = new MemoryAttempts();
    const guard = guardOver(
      intercepted(counts, ({ proceed }) => {
        asked++;
        return proceed();
      }),
    );
    let answer: Authentication = KNOWN;
    const login = () => guard.attempt({ account: 'a', address: '192.0.2.1' }, 'p', async () => answer);
    await login();
    const askedBefore = asked;
    expect(askedBefore).to.be.above(0);
    for (let i = 0; i < 100; i++) await login();
    expect(asked).to.equal(askedBefore);
    answer = UNKNOWN;
    await login();
    await login();
    expect(asked).to.be.above(askedBefore);
  });

  it('are again, when their time is over and they were found right once more', async () => {
    let asked = 0;
    const guard = guardOver(
      intercepted(new MemoryAttempts(), ({ proceed }) => {
        asked++;
        return proceed();
      }),
    );
    const login = () => guard.attempt({ account: 'a', address: '192.0.2.1' }, 'p', async () => KNOWN);
    await login();
    const real = performance.now;
    performance.now = () => real.call(performance) + 61_000;
    try {
      await sleep(10);
      const first = asked;
      await login();
      const second = asked;
      expect(second).to.be.above(first);
      for (let i = 0; i < 10; i++) await login();
      expect(asked).to.equal(second);
    } finally {
      performance.now = real;
    }
  });
});

describe('counts in memory', () => {
  it('are bounded: beyond a limit, the oldest of the same kind are forgotten', async () => {
    const counts = new MemoryAttempts({ keysMax: 100 });
    await counts.mark('known:alice', 60_000);
    await counts.add('client:guesser', 7, 60_000);
    for (let i = 0; i < 1000; i++) await counts.add(`pair:${i}`, 1, 60_000);
    expect(await counts.read('known:alice')).to.equal(1);
    expect(await counts.read('client:guesser')).to.equal(7);
    expect(await counts.read('pair:0')).to.equal(0);
    expect(await counts.read('pair:999')).to.equal(1);
    const kept = await Promise.all(Array.from({ length: 1000 }, (_, i) => counts.read(`pair:${i}`)));
    expect(kept.reduce((sum, count) => sum + count)).to.equal(100);
  });
});

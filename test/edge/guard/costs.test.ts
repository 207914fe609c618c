/** Promise: a right password, and an attempt that was not made, cost a client nothing; a source that is busy costs as much as a failure. */
import { expect } from 'chai';
import { MemoryAttempts } from '../../../services/memory/attempts.ts';
import type { Authentication } from '../../../services/registry/access/account.ts';
import { LoginGuard } from '../../../services/registry/access/login-guard/guard.ts';
import { tooMany } from '../../../services/registry/access/too-many.ts';
import { RegistryError } from '../../../services/registry/oci/errors.ts';

const KNOWN: Authentication = {
  outcome: 'known',
  identity: { kind: 'user', name: 'alice', groups: [], memberships: [] },
};
const ADDRESS = '192.0.2.1';

describe('what an attempt to log in costs its client', () => {
  let counts: MemoryAttempts;
  beforeEach(() => {
    counts = new MemoryAttempts();
  });

  /** A node: what one of them remembers of right passwords, another does not. */
  function nodeOf(attempts: number) {
    const options = { counts, attempts, maxWaitMs: 300_000, trustedNetworks: [], secret: 's' };
    const guard = new LoginGuard(options);
    return async (
      account: string,
      password: string,
      { act, address = ADDRESS }: { act?: () => Promise<Authentication>; address?: string } = {},
    ) => {
      const answer = async (): Promise<Authentication> =>
        password === 'right' ? KNOWN : { outcome: 'unknown' };
      try {
        return (await guard.attempt({ account, address }, password, act ?? answer)).outcome;
      } catch (error) {
        if (error instanceof RegistryError && error.kind === 'TOO_MANY_REQUESTS') return 'wait';
        throw error;
      }
    };
  }

  it('is nothing for a right password, which also ends the count of wrong ones', async () => {
    for (let round = 0; round < 5; round++) {
      const login = nodeOf(5);
      for (let i = 0; i < 4; i++) expect(await login('alice', `wrong ${i}`)).to.equal('unknown');
      expect(await login('alice', 'right'), `round ${round}`).to.equal('known');
    }
  });

  it('is a poll for each that its own failures refuse, and its turns at other accounts in the end', async () => {
    let nowMs = 0;
    const now = () => nowMs;
    const guard = new LoginGuard({
      ...{
        counts: new MemoryAttempts({ now }),
        attempts: 5,
        maxWaitMs: 60_000,
        trustedNetworks: [],
        secret: 's',
      },
      ...{ now, monotonicNow: now },
    });
    const outcome = (account: string) =>
      guard
        .attempt({ account, address: ADDRESS }, 'wrong', async () => ({ outcome: 'unknown' }))
        .then(
          ({ outcome: is }) => is,
          () => 'wait',
        );
    for (let i = 0; i < 51; i++) await outcome(`user${i}`);
    // One that does not come back meanwhile is looked at when its wait is over.
    for (let i = 0; i < 60; i++) expect(await outcome(`more${i}`)).to.equal('wait');
    nowMs += 60_000;
    expect(await outcome('another')).to.equal('wait');
    nowMs += 2 * 3_600_000;
    expect(await outcome('another')).to.equal('unknown');
  });

  it('is nothing for right passwords of many accounts', async () => {
    const login = nodeOf(1);
    for (let i = 0; i < 40; i++) expect(await login(`user${i}`, 'right')).to.equal('known');
  });

  it('is no failure for what was not made', async () => {
    const login = nodeOf(5);
    for (let i = 0; i < 6; i++) expect(await login('alice', `wrong ${i}`)).to.equal('unknown');
    for (let i = 0; i < 30; i++) expect(await login('alice', `more ${i}`)).to.equal('wait');
    for (let i = 0; i < 40; i++) expect(await login(`user${i}`, 'wrong')).to.equal('unknown');
  });

  it('is a failure for a source that is busy: nobody keeps it busy for nothing', async () => {
    const login = nodeOf(1);
    let looks = 0;
    for (let i = 0; i < 40; i++) {
      const busy = () => {
        looks++;
        return Promise.reject(tooMany('busy', 1000));
      };
      expect(await login(`user${i}`, 'wrong', { act: busy })).to.equal('wait');
    }
    expect(looks).to.be.within(10, 12);
  });

  for (const [what, most, addressOf] of [
    ['a /48', 100, (i: number) => `2001:db8:1:${i.toString(16)}::1`],
    ['a /32', 400, (i: number) => `2001:db8:${i.toString(16)}::1`],
  ] as const)
    it(`counts for ${what} of IPv6, too, where each client is new; and nowhere if it had to wait there`, async () => {
      const login = nodeOf(1);
      const outcomes: string[] = [];
      for (let i = 0; i < most + 20; i++)
        outcomes.push(await login(`user${i}`, 'wrong', { address: addressOf(i) }));
      expect(outcomes.slice(0, most)).to.not.include('wait');
      expect(outcomes.slice(most).filter((outcome) => outcome !== 'wait')).to.have.length.below(3);
      const { size } = counts;
      for (let i = 0; i < 20; i++)
        expect(await login(`more${i}`, 'wrong', { address: addressOf(most + 50 + i) })).to.equal('wait');
      expect(counts.size).to.equal(size);
    });
});

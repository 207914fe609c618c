/** Promise: a full queue of logins sheds strangers and never who is known, and no few networks keep it from the others. */
import { expect } from 'chai';
import { LoginQueue } from '../../services/accounts/login-queue.ts';

describe('LoginQueue', () => {
  /** A queue whose turns the test ends, one after the other; `log` is the order of turns. */
  const world = (waiting = 4) => {
    const queue = new LoginQueue({ atOnce: 1, waiting, waitMaxMs: 60_000 });
    const log: string[] = [];
    const refused: string[] = [];
    const ends: (() => void)[] = [];
    const login = (name: string, network: string, isKnown = false) =>
      queue
        .run(
          () => {
            log.push(name);
            return new Promise<void>((resolve) => ends.push(resolve));
          },
          { isKnown, network },
        )
        .catch(() => void refused.push(name));
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    const finish = async () => {
      await settle();
      for (let end = ends.shift(); end; end = ends.shift()) {
        end();
        await settle();
      }
    };
    return { login, log, refused, finish, settle };
  };

  it('lets known clients go first, and sheds a stranger for each when it is full', async () => {
    const { login, log, refused, finish } = world();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) login(name, 'n1');
    for (const name of ['K', 'L']) login(name, 'n1', true);
    await finish();
    expect(log).to.deep.equal(['a', 'K', 'L', 'b', 'c']);
    expect(refused).to.have.members(['f', 'e', 'd']);
  });

  it('refuses one that has waited too long, and the next has its turn in time', async () => {
    const queue = new LoginQueue({ atOnce: 1, waiting: 4, waitMaxMs: 50 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = queue.run(() => promise);
    const late = await queue.run(async () => 'a turn').catch((error: Error) => error.message);
    expect(late).to.match(/^too many people log in at once/);
    resolve();
    await first;
    expect(await queue.run(async () => 'a turn')).to.equal('a turn');
  });

  it('refuses known clients only when nobody else waits', async () => {
    const { login, log, refused, finish } = world();
    for (const name of ['a', 'b', 'K', 'L', 'M', 'N', 'O']) login(name, 'n1', name > 'A' && name < 'Z');
    await finish();
    expect(log).to.deep.equal(['a', 'K', 'L', 'M', 'N']);
    expect(refused).to.have.members(['b', 'O']);
  });

  it('gives a network that is new the next turn, and a place that the largest has too many', async () => {
    const { login, log, refused, finish } = world();
    for (const name of ['a', 'b', 'c', 'd', 'e']) login(name, 'flood');
    login('owner', 'new');
    login('g', 'flood');
    await finish();
    expect(refused).to.have.members(['e', 'g']);
    // The first turn of all was given without a wait.
    expect(log.indexOf('owner')).to.be.within(1, 2);
    expect(log).to.have.length(5);
  });

  it('prefers networks that had no turn for longest, when each has one place', async () => {
    const { login, log, refused, finish, settle } = world(2);
    for (let round = 0; round < 3; round++) {
      login(`a${round}`, 'first');
      login(`b${round}`, 'second');
      await finish();
    }
    login('x', 'other');
    login('a', 'first');
    login('b', 'second');
    login('owner', 'new');
    await settle();
    expect(refused).to.have.length(1);
    await finish();
    expect(log.slice(-3)).to.include('owner');
  });
});

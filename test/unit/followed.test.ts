import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Followed } from '../../services/registry/runtime/followed.ts';
import { reloadNow } from '../../services/registry/runtime/reload.ts';
import { eventually } from '../support/eventually.ts';

/** Files that the operator changes are in use soon after; what cannot be used changes nothing but the log. */
describe('Followed', () => {
  let content: string;
  let looks: number;
  let parsed: string[];
  let reported: string[];
  const options = {
    look: async () => {
      looks++;
      if (content === 'unreadable') throw new Error('no such file');
      const version = content;
      const parse = () => {
        parsed.push(version);
        if (version.startsWith('bad')) throw new Error(`cannot use ${version}`);
        return version.toUpperCase();
      };
      return { version, parse };
    },
    onTrouble: (reason: string) => void reported.push(reason),
  };

  beforeEach(() => {
    content = 'a';
    looks = 0;
    parsed = [];
    reported = [];
  });

  it('does not start with files that cannot be used', async () => {
    for (const wrong of ['bad', 'unreadable']) {
      content = wrong;
      const error = await Followed.open(options).catch(({ message }: Error) => message);
      expect(error).to.be.oneOf(['cannot use bad', 'no such file']);
    }
  });

  it('looks when asked, not oftener than asked, and parses only what is new', async () => {
    using followed = await Followed.open(options);
    content = 'b';
    expect(await followed.current(60_000)).to.equal('A');
    expect(looks).to.equal(1);
    expect(await Promise.all([followed.current(0), followed.current(0)])).to.deep.equal(['B', 'B']);
    expect(await followed.current(0)).to.equal('B');
    expect([looks, parsed]).to.deep.equal([3, ['a', 'b']]);
  });

  it('polls, and calls its listeners with each new value', async () => {
    const values: string[] = [];
    using followed = (await Followed.open(options)).onChange((value) => values.push(value)).follow(5);
    content = 'b';
    await eventually('it polls', () => followed.value === 'B');
    content = 'c';
    await eventually('it polls', () => followed.value === 'C');
    expect(values).to.deep.equal(['B', 'C']);
  });

  it('looks at SIGHUP, also when that comes during a look that may have read old content', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let isSlow = false;
    const look = async () => {
      const found = await options.look();
      if (isSlow) await promise;
      return found;
    };
    using followed = (await Followed.open({ look })).follow();
    isSlow = true;
    const looking = followed.current(0);
    content = 'b';
    expect(reloadNow()).to.equal(1);
    isSlow = false;
    resolve();
    await looking;
    await eventually('it looked again', () => followed.value === 'B');
  });

  it('reports trouble once, when it has lasted, keeps the last good value, and tries again', async () => {
    using followed = (await Followed.open({ ...options, secondLookMs: 100 })).follow(50);
    content = 'bad';
    await eventually('it reports', () => reported.length > 0);
    const before = looks;
    await eventually('it looks again', () => looks >= before + 3);
    expect([reported, followed.value]).to.deep.equal([['cannot use bad'], 'A']);
    content = 'b';
    await eventually('it recovers', () => followed.value === 'B');
    content = 'unreadable';
    await eventually('it reports', () => reported.length === 2);
    expect([reported[1], followed.value]).to.deep.equal(['no such file', 'B']);
  });

  it('says nothing of files that are whole a moment later', async () => {
    using followed = await Followed.open({ ...options, secondLookMs: 50 });
    content = 'bad';
    expect(await followed.current(0)).to.equal('A');
    content = 'b';
    // The second look comes by itself.
    await eventually('it looks again', () => followed.value === 'B');
    expect(reported).to.deep.equal([]);
  });

  it('does nothing any more once disposed', async () => {
    const followed = (await Followed.open(options)).follow(5);
    followed.refreshIn(1);
    followed[Symbol.dispose]();
    followed.refreshIn(1);
    await sleep(30);
    expect([looks, reloadNow()]).to.deep.equal([1, 0]);
  });
});

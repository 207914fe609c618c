/** Promise: what tests lean on does what it says: they wait for no longer than asked, and faults reach the store. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { planned } from '../runner/plan.ts';
import type { Suite } from '../runner/suites.ts';
import { formatSummary, sumOf } from '../runner/tally.ts';
import { eventually } from '../support/eventually.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';

const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('eventually', () => {
  it('waits until something is so, and returns how long that took', async () => {
    let asked = 0;
    expect(await eventually('it is so', () => ++asked === 3, 10_000, 5)).to.be.within(8, 10_000);
    expect(asked).to.equal(3);
  });

  it('fails when it never is so, and when the answer comes too late', async () => {
    expect(await messageOf(eventually('it is so', () => false, 20))).to.equal('not within 20 ms: it is so');
    const late = eventually(
      () => ['what is there'],
      () => sleep(50, true),
      20,
    );
    expect(await messageOf(late)).to.equal('not within 20 ms: ["what is there"]');
  });
});

describe('a store whose calls are intercepted', () => {
  it('counts, changes and refuses them, and leaves the others', async () => {
    const calls: string[] = [];
    const inner = new MemoryStore();
    const store = intercepted(inner, ({ name, args, proceed }) => {
      calls.push(String(name));
      if (name === 'delete') return Promise.reject(new Error('refused'));
      return name === 'put' ? proceed([`${args[0]}-changed`, args[1]]) : proceed();
    });
    await store.put('a', Buffer.from('1'));
    expect(await store.read('a-changed', 10)).to.deep.equal(Buffer.from('1'));
    expect(await messageOf(store.delete(['a-changed']))).to.equal('refused');
    expect([...inner.held.keys()]).to.deep.equal(['a-changed']);
    expect(calls).to.deep.equal(['put', 'read', 'delete']);
  });
});

describe('a run of several suites', () => {
  it('gives a file to the suite that names it, not to that of its folder', () => {
    const suite = (name: string, file: string): Suite => ({
      ...{ name, files: [file], tier: 'short', lane: 'timed', budgetSeconds: 1 },
    });
    const suites = [suite('folder', 'test/house/*.test.ts'), suite('one', 'test/house/dates.test.ts')];
    const [folder, one] = planned(suites, ['test/house/dates.test.ts', 'test/house/docs.test.ts']);
    expect(folder?.paths).to.deep.equal(['test/house/docs.test.ts']);
    expect(one?.paths).to.deep.equal(['test/house/dates.test.ts']);
  });

  it('ends with the sum of their results', () => {
    const tallies = [
      { passed: 1, failed: 0, skipped: 2 },
      { passed: 3, failed: 1, skipped: 0 },
    ];
    expect(formatSummary(sumOf(tallies))).to.equal('4 passed, 1 failed, 2 skipped');
  });
});

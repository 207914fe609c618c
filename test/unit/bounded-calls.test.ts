import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { BoundedCalls } from '../../services/files/bounded-calls.ts';

const DEADLINE_MS = 40;

function bounded(atOnce = 4, perPath = 2, deadlineMs = DEADLINE_MS) {
  return new BoundedCalls({
    atOnce,
    perPath,
    deadlineMs,
    error: (message) => new Error(message),
  });
}

/** A call that hangs until it is let go. */
function hang(calls: BoundedCalls, path: string, late?: (value: string) => void) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const answer = calls.run({ name: 'read', path, act: () => promise, ...(late && { late }) });
  const outcome = answer.then(
    (value) => value,
    (error: Error) => error.message,
  );
  return { outcome, letGo: () => resolve('late') };
}

const quick = (calls: BoundedCalls, path: string, act = async () => 'done') =>
  calls.run({ name: 'stat', path, act }).catch((error: Error) => error.message);

describe('calls that may hang', () => {
  it('are given up after the deadline, and their path is refused at once until they return', async () => {
    const calls = bounded();
    const { outcome, letGo } = hang(calls, '/a');
    expect(await outcome).to.match(/does not answer: read \/a: no answer in/);
    expect(calls.stuck).to.deep.equal(['read /a']);
    expect(await quick(calls, '/a')).to.match(/stat \/a: an earlier call there has not returned/);
    expect(await quick(calls, '/b')).to.equal('done');
    letGo();
    await sleep(1);
    expect(calls.stuck).to.deep.equal([]);
    expect(await quick(calls, '/a')).to.equal('done');
  });

  it('leave room for other paths, however many ask for theirs', async () => {
    const calls = bounded(4, 2);
    const hanging = Array.from({ length: 20 }, () => hang(calls, '/a'));
    expect(await quick(calls, '/b')).to.equal('done');
    await Promise.all(hanging.map(({ outcome }) => outcome));
    expect(calls.stuck).to.have.lengthOf(2);
    for (const { letGo } of hanging) letGo();
  });

  it('refuse everything at once when all places are held by such, and continue after one returns', async () => {
    const calls = bounded(2);
    const hanging = ['/a', '/b'].map((path) => hang(calls, path));
    const waiting = quick(calls, '/c');
    await Promise.all(hanging.map(({ outcome }) => outcome));
    expect(await waiting).to.match(/2 calls have not returned/);
    expect(await quick(calls, '/d')).to.match(/2 calls have not returned/);
    hanging[0]?.letGo();
    await sleep(1);
    expect(await quick(calls, '/d')).to.equal('done');
    hanging[1]?.letGo();
  });

  it('refuse nobody when they are only slow', async () => {
    // Far apart: a process that is held up for a moment sees a call's end and its deadline at once.
    const deadlineMs = 1000;
    const calls = bounded(1, 1, deadlineMs);
    const slow = () => sleep(deadlineMs / 4, 'done');
    const all = await Promise.all(
      ['/a', '/b', '/c', '/d', '/e', '/f'].map((path) => quick(calls, path, slow)),
    );
    expect(new Set(all)).to.deep.equal(new Set(['done']));
  });

  it('refuse nobody when many wait and none is stuck', async () => {
    const calls = bounded(4, 4);
    const all = await Promise.all(Array.from({ length: 6000 }, () => quick(calls, '/a')));
    expect(new Set(all)).to.deep.equal(new Set(['done']));
  });

  it('hand what they return too late to a clean-up, which runs then', async () => {
    const calls = bounded();
    const events: string[] = [];
    const { outcome, letGo } = hang(calls, '/a', (value) => events.push(value));
    await outcome;
    const close = calls.run({
      ...{ name: 'close', path: '/a', mustRun: true },
      act: async () => void events.push('closed'),
    });
    expect(await close.catch(() => 'refused')).to.equal('refused');
    expect(events).to.deep.equal([]);
    letGo();
    await sleep(1);
    expect(events).to.have.members(['late', 'closed']);
    expect(calls.stuck).to.deep.equal([]);
  });
});

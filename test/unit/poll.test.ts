import { expect } from 'chai';
import type { Log } from '../../services/registry/runtime/log.ts';
import { Poll, type PollOptions } from '../../services/registry/runtime/poll.ts';
import { eventually } from '../support/eventually.ts';

const FOREVER_MS = 3_600_000;

/** What keeps a node's knowledge of its store current: rounds in the background that survive failures. */
describe('Poll', () => {
  let rounds: number;
  let warnings: string[];
  let fails: boolean;
  const log: Log = {
    info: () => undefined,
    warn: ({ err }, message) => void warnings.push(`${message}: ${(err as Error).message}`),
    error: () => undefined,
  };
  const start = (options: Partial<PollOptions> = {}) =>
    new Poll({
      act: async () => {
        rounds++;
        if (fails) throw new Error('no store');
      },
      ...{ everyMs: 1, log, failure: 'cannot look', ...options },
    });
  const atLeast = (count: number) => eventually(`${count} rounds`, () => rounds >= count);

  beforeEach(() => {
    rounds = 0;
    warnings = [];
    fails = false;
  });

  it('does round after round', async () => {
    await using _poll = start();
    await atLeast(5);
  });

  it('pauses first when the caller has done a round itself', async () => {
    await using poll = start({ everyMs: FOREVER_MS, isFirstDone: true });
    await new Promise((resolve) => setImmediate(resolve));
    expect(rounds).to.equal(0);
    poll.notify();
    await atLeast(1);
  });

  it('logs a failure once in a row, continues, and logs again after a success', async () => {
    fails = true;
    await using _poll = start();
    await atLeast(3);
    expect(warnings).to.deep.equal(['cannot look: no store']);
    fails = false;
    await atLeast(rounds + 2);
    fails = true;
    await atLeast(rounds + 2);
    expect(warnings).to.deep.equal(['cannot look: no store', 'cannot look: no store']);
  });

  it('begins the next round when notified, also when that was during a round', async () => {
    const { promise: first, resolve: endFirst } = Promise.withResolvers<void>();
    await using poll = start({
      everyMs: FOREVER_MS,
      act: async () => {
        rounds++;
        if (rounds === 1) await first;
      },
    });
    await atLeast(1);
    poll.notify();
    endFirst();
    await atLeast(2);
    poll.notify();
    await atLeast(3);
  });

  it('aborts the round under way when disposed, waits for it, and logs nothing', async () => {
    let hasEnded = false;
    const poll = start({
      act: async (signal) => {
        rounds++;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await new Promise((resolve) => setTimeout(resolve, 10));
        hasEnded = true;
        signal.throwIfAborted();
      },
    });
    await atLeast(1);
    await poll[Symbol.asyncDispose]();
    expect(hasEnded).to.equal(true);
    expect(rounds).to.equal(1);
    expect(warnings).to.deep.equal([]);
  });
});

/** Promise: uploads share lines and bandwidth, and a mirror that hangs or is slow keeps no other waiting. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Lines } from '../../services/sync/transfer/lines.ts';
import { eventually } from '../support/eventually.ts';

const STUCK_MS = 400;
const never = new AbortController().signal;

describe('the lines to mirrors', function () {
  this.timeout(20_000);

  /** What runs, and the most that ever ran. */
  class Load {
    readonly running = new Map<string, number>();
    readonly started: string[] = [];
    most = 0;
    readonly mostOf = new Map<string, number>();
    readonly release = Promise.withResolvers<void>();

    add(lines: Lines, mirror: string, act = () => this.release.promise): Promise<void> {
      return lines.run(mirror, never, async () => {
        this.started.push(mirror);
        const count = (this.running.get(mirror) ?? 0) + 1;
        this.running.set(mirror, count);
        this.most = Math.max(
          this.most,
          [...this.running.values()].reduce((sum, each) => sum + each, 0),
        );
        this.mostOf.set(mirror, Math.max(this.mostOf.get(mirror) ?? 0, count));
        await act();
        this.running.set(mirror, (this.running.get(mirror) ?? 0) - 1);
      });
    }
  }

  it('are as many as was said, and four for each mirror', async () => {
    const lines = new Lines({ uploads: 6 });
    const load = new Load();
    const act = () => sleep(5);
    await Promise.all(
      ['a', 'b', 'c'].flatMap((mirror) => Array.from({ length: 20 }, () => load.add(lines, mirror, act))),
    );
    expect(load.most).to.equal(6);
    const alone = new Load();
    await Promise.all(Array.from({ length: 20 }, () => alone.add(lines, 'a', act)));
    expect(alone.most).to.equal(4);
  });

  it('go first to the mirror that has the fewest', async () => {
    const lines = new Lines({ uploads: 4 });
    const load = new Load();
    const all = ['a', 'a', 'a', 'a', 'a', 'b', 'b'].map((mirror) => load.add(lines, mirror, () => sleep(20)));
    await Promise.all(all);
    expect(load.started).to.deep.equal(['a', 'a', 'a', 'a', 'b', 'b', 'a']);
  });

  it('are not held by mirrors that hang', async () => {
    const lines = new Lines({ uploads: 4, stuckMs: STUCK_MS });
    const load = new Load();
    const hanging = ['x', 'y'].flatMap((mirror) => Array.from({ length: 6 }, () => load.add(lines, mirror)));
    await eventually('all lines are held', () => load.started.length === 4);
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => load.add(lines, 'good', () => sleep(5))));
    expect(performance.now() - startedAt).to.be.below(STUCK_MS * 5);
    // The second mirror that hangs takes its share first.
    expect(load.mostOf.get('good')).to.be.at.least(2);
    expect(load.mostOf.get('x')).to.be.at.most(4);
    load.release.resolve();
    await Promise.all(hanging);
  });

  it('are not held by mirrors that are slow', async () => {
    const lines = new Lines({ uploads: 2, stuckMs: STUCK_MS });
    let isOver = false;
    async function* chunks() {
      while (!isOver) yield Buffer.alloc(10);
    }
    let pieces = 0;
    const slow = ['x', 'y', 'x', 'y'].map((mirror) =>
      lines.run(mirror, never, async (line) => {
        for await (const _ of line.throttle(chunks(), never)) {
          pieces++;
          await sleep(20);
        }
      }),
    );
    await eventually('both lines are held', () => pieces > 4);
    const waitedMs = await timeOf(() => lines.run('good', never, async () => undefined));
    expect(waitedMs).to.be.within(STUCK_MS * 0.9, STUCK_MS * 5);
    isOver = true;
    await Promise.all(slow);
  });

  it('share the bandwidth', async () => {
    const lines = new Lines({ uploads: 4, bandwidthBytesPerS: 10_000_000 });
    async function* chunks() {
      for (let i = 0; i < 10; i++) yield Buffer.alloc(250_000);
    }
    const send = (mirror: string) =>
      lines.run(mirror, never, async (line) => {
        for await (const _ of line.throttle(chunks(), never));
      });
    // A quarter of a second may go at once.
    expect(await timeOf(() => Promise.all(['a', 'b', 'a', 'c'].map(send)))).to.be.within(700, 5000);
  });

  it('are not taken by those that have stopped waiting', async () => {
    const lines = new Lines({ uploads: 1 });
    const load = new Load();
    const first = load.add(lines, 'a');
    const stop = new AbortController();
    const waiting = lines.run('b', stop.signal, async () => 'ran').catch((error: Error) => error.message);
    stop.abort(new Error('stopping'));
    expect(await waiting).to.equal('stopping');
    load.release.resolve();
    await first;
    expect(await lines.run('c', never, async () => 'ran')).to.equal('ran');
  });
});

async function timeOf(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}

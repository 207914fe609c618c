/** Promise: what `services/registry/access/attempts.ts` says in words, held in code wherever counts are kept. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { AttemptCounts } from '../../services/registry/access/attempts.ts';

/** The processes of one registry; where they cannot be several, both are the same. */
export interface OpenedCounts extends AsyncDisposable {
  readonly here: AttemptCounts;
  readonly there: AttemptCounts;
  /** The shortest time that they can count, ms. */
  readonly shortestMs: number;
}

/** The contract of {@link AttemptCounts}, as a suite. */
export function describeAttempts(title: string, open: () => Promise<OpenedCounts>): void {
  describe(`counts ${title}`, () => {
    let opened: OpenedCounts;
    let shortestMs: number;
    let [here, there]: AttemptCounts[] = [];
    const key = () => `pair:${crypto.randomUUID()}` as const;
    before(async function () {
      this.timeout(60_000);
      opened = await open();
      ({ here, there, shortestMs } = opened);
    });
    after(() => opened[Symbol.asyncDispose]());
    const both = () => [here, there] as [AttemptCounts, AttemptCounts];

    it('are sums of what all processes add and take', async () => {
      const [one, other] = both();
      const name = key();
      expect(await one.read(name)).to.equal(0);
      expect(await one.add(name, 1, 60_000)).to.equal(1);
      expect(await other.add(name, 3, 60_000)).to.equal(4);
      expect(await one.add(name, -1, 60_000)).to.equal(3);
      expect(await other.read(name)).to.equal(3);
    });

    it('lose nothing to those that add at the same time', async () => {
      const name = key();
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => (both()[i % 2] as AttemptCounts).add(name, 1, 60_000)),
      );
      expect(answers.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 100 }, (_, i) => i + 1));
    });

    it('are forgotten when their time is over, counted from their first, and on request', async () => {
      const [one, other] = both();
      const removed = key();
      let name = key();
      // Again, if so long passed between the two that the first was forgotten.
      for (;;) {
        await one.add(name, 5, shortestMs);
        await sleep(0.4 * shortestMs);
        if ((await one.add(name, 5, shortestMs)) === 10) break;
        name = key();
      }
      await one.add(removed, 5, 60_000);
      await one.pass(removed, 60_000);
      await sleep(0.7 * shortestMs);
      expect(await other.read(name)).to.equal(0);
      await other.forget(removed);
      expect(await one.read(removed)).to.equal(0);
      expect(await one.pass(removed, 60_000)).to.equal(0);
    });

    it('are never below 1: taking the last one removes it, and taking more creates none', async () => {
      const [one, other] = both();
      const name = key();
      expect(await one.add(name, -1, 60_000)).to.equal(0);
      expect(await other.read(name)).to.equal(0);
      expect(await one.add(name, 2, 60_000)).to.equal(2);
      expect(await other.add(name, -3, 60_000)).to.equal(0);
      expect(await one.add(name, 1, 60_000)).to.equal(1);
    });

    it('of a mark are 1, for as long as the last mark says', async () => {
      const [one, other] = both();
      const name = key();
      await one.mark(name, shortestMs);
      await one.mark(name, 60_000);
      await sleep(1.1 * shortestMs);
      expect(await other.read(name)).to.equal(1);
      await one.mark(name, 1);
      await sleep(50);
      expect(await other.read(name)).to.equal(0);
    });

    it('let one pass at a time, and say how long the others have to wait', async () => {
      const name = key();
      const waits = await Promise.all(
        Array.from({ length: 50 }, (_, i) => (both()[i % 2] as AttemptCounts).pass(name, 60_000)),
      );
      expect(waits.filter((waitMs) => waitMs === 0)).to.have.length(1);
      for (const waitMs of waits.filter((each) => each !== 0)) expect(waitMs).to.be.within(1, 60_000);
      const soon = key();
      expect(await there?.pass(soon, shortestMs)).to.equal(0);
      await sleep(shortestMs + 50);
      expect(await here?.pass(soon, shortestMs)).to.equal(0);
    });
  });
}

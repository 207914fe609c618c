/** Promise: a mirror that limits how often it is asked is asked as often as it allows, and one that does not is not slowed. */
import { expect } from 'chai';
import { Pace } from '../../services/sync/mirrors/pace.ts';

const signal = new AbortController().signal;

describe('the pace of requests to a mirror', () => {
  it('has no limit until the mirror says that it has one', async () => {
    const pace = new Pace();
    const before = performance.now();
    for (let i = 0; i < 1000; i++) await pace.turn(signal);
    expect(performance.now() - before).to.be.below(1000);
  });

  it('leaves it alone for as long as it asks, and shows that it may be the cause of a refusal', async () => {
    let now = 0;
    const pace = new Pace(() => now);
    for (let i = 0; i < 3; i++) {
      expect(pace.mayCauseLimit).to.equal(false);
      await pace.turn(signal);
    }
    expect(pace.mayCauseLimit).to.equal(true);
    expect(pace.limited(30_000)).to.equal(30_000);
    now = 29_000;
    expect(pace.mayCauseLimit).to.equal(true);
    now = 60_000;
    expect(pace.mayCauseLimit).to.equal(false);
  });

  it('is no excuse for a mirror that refuses the few looks at it', async () => {
    let now = 0;
    const pace = new Pace(() => now);
    await pace.turn(signal);
    for (; now < 60_000; now += 2000) {
      pace.limited(30_000);
      expect(pace.mayCauseLimit).to.equal(false);
    }
  });

  it('is ten a second after a limit, and slower after another', async () => {
    let now = 0;
    const pace = new Pace(() => now);
    pace.limited(1000);
    now = 2000;
    await pace.turn(signal);
    expect(pace.dueInMs).to.equal(100);
    now = 4000;
    pace.limited(1000);
    now = 6000;
    await pace.turn(signal);
    expect(pace.dueInMs).to.be.closeTo(1000 / 7, 0.1);
  });

  it('comes close to what the mirror allows, and gets through: 20 requests a second', async () => {
    // A mirror with a bucket of 20 tokens a second, by the clock of the pace.
    let now = 0;
    let tokens = 20;
    const pace = new Pace(() => now);
    let answered = 0;
    let refused = 0;
    const tick = (ms: number) => {
      now += ms;
      tokens = Math.min(20, tokens + (ms * 20) / 1000);
    };
    while (now < 120_000) {
      const abort = new AbortController();
      const turn = pace.turn(abort.signal).catch(() => undefined);
      const waitMs = pace.dueInMs;
      abort.abort();
      await turn;
      tick(Math.max(waitMs, 1));
      if (tokens >= 1) {
        tokens--;
        answered++;
      } else {
        refused++;
        pace.limited(1000);
      }
    }
    expect(answered, 'of 2,400').to.be.above(1000);
    expect(refused).to.be.below(answered / 10);
  });
});

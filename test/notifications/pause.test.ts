/** Promise: a receiver that fails is asked ever more seldom, never more seldom than it should be, and not in step. */
import { expect } from 'chai';
import fc from 'fast-check';
import { pauseMs } from '../../services/sync/notify/pause.ts';

describe('pauses between attempts', () => {
  const settings = { threshold: 3, backoff: 1000 };
  const longest = (failures: number) => pauseMs(settings, failures, 0, 1);

  it('begin with the threshold, and double up to a minute', () => {
    expect([1, 2, 3, 4, 5, 8, 9, 10, 1_000_000].map(longest)).to.deep.equal([
      ...[100, 100, 1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000],
    ]);
  });

  it('begin with the first failure when the threshold is 0, and respect a longer back-off than a minute', () => {
    expect(pauseMs({ threshold: 0, backoff: 500 }, 1, 0, 1)).to.equal(500);
    expect(pauseMs({ threshold: 1, backoff: 300_000 }, 9, 0, 1)).to.equal(300_000);
  });

  it('are random by half, and as long as the receiver says, up to a minute', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(7_200_000), (failures, retryAfterMs) => {
        const pause = pauseMs(settings, failures, retryAfterMs);
        expect(pause).to.be.within(longest(failures) / 2, 60_000);
        expect(pause).to.be.at.least(Math.min(retryAfterMs, 60_000));
      }),
    );
  });
});

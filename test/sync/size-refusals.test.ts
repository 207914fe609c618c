/** Promise: what a mirror has no room for is not sent to it again and again. */
import { expect } from 'chai';
import { SizeRefusals } from '../../services/sync/transfer/size-refusals.ts';

const MIN = 60_000;

describe('what a mirror refused for its size', () => {
  let now = 0;
  const waits = (refusals: SizeRefusals, sizeBytes: number) => refusals.refuses(sizeBytes)?.retryAfterMs;

  it('is not tried for five minutes, nor what is larger; then for twice as long, up to an hour', () => {
    now = 0;
    const refusals = new SizeRefusals(() => now);
    const pauses: number[] = [];
    for (let i = 0; i < 6; i++) {
      expect(refusals.refuses(100)).to.equal(undefined);
      pauses.push(refusals.refused(100, 'too large') / MIN);
      expect([99, 100, 1000].map((sizeBytes) => waits(refusals, sizeBytes) === undefined)).to.deep.equal([
        true,
        false,
        false,
      ]);
      now += (pauses.at(-1) ?? 0) * MIN;
    }
    expect(pauses).to.deep.equal([5, 10, 20, 40, 60, 60]);
  });

  it('says why', () => {
    const refusals = new SizeRefusals(() => 0);
    refusals.refused(100, 'its disk is full');
    expect(refusals.refuses(100)?.reason).to.equal('not tried: its disk is full');
  });

  it('includes smaller ones that do not fit either, within the same pause', () => {
    now = 0;
    const refusals = new SizeRefusals(() => now);
    refusals.refused(100, 'full');
    now = MIN;
    expect(refusals.refused(50, 'full')).to.equal(4 * MIN);
    expect(refusals.refused(70, 'full')).to.equal(4 * MIN);
    expect([waits(refusals, 49), waits(refusals, 50)]).to.deep.equal([undefined, 4 * MIN]);
  });

  it('fits again when the mirror took as much, and waits as long as the mirror asks', () => {
    const refusals = new SizeRefusals(() => 0);
    refusals.refused(100, 'full');
    refusals.took(99);
    expect(waits(refusals, 100)).to.equal(5 * MIN);
    refusals.took(100);
    expect(waits(refusals, 1000)).to.equal(undefined);
    expect(refusals.refused(100, 'full', 30 * MIN)).to.equal(30 * MIN);
  });
});

/** Promise: a duration on the command line is what the documents call one, and numbers go on meaning what they meant. */
import { expect } from 'chai';
import { duration, durationIn, durationOrZero } from '../../services/cli/arguments.ts';

describe('durations on the command line', () => {
  it('have units, and where they had none before, numbers keep theirs', () => {
    const minutes = durationIn('minutes');
    expect(['0s', '0', '1h', '90m', '1h30m', '60', '500ms'].map(minutes)).to.deep.equal([
      ...[0, 0, 3_600_000, 5_400_000, 5_400_000, 3_600_000, 500],
    ]);
    expect(['600', '10m', '0'].map(durationIn('seconds'))).to.deep.equal([600_000, 600_000, 0]);
    for (const text of ['', 'soon', '-1', '-1h', '1 h', '1d', '1.5', '9999999999'])
      expect(() => minutes(text), text).to.throw('expected a duration');
  });

  it('are more than nothing only where nothing makes no sense', () => {
    expect(durationOrZero('0s')).to.equal(0);
    expect(duration('1ms')).to.equal(1);
    for (const text of ['0', '0s', '60']) expect(() => duration(text), text).to.throw('expected a duration');
  });
});

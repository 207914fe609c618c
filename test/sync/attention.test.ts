/** Promise: an operator hears of what lasts, once, and when it is over; of a restart nobody hears. */
import { expect } from 'chai';
import { Attention, type Condition } from '../../services/sync/mirrors/attention.ts';

const WELL: Condition = { isUp: true, reason: undefined, isDamped: false, lag: 0 };
const DOWN: Condition = { ...WELL, isUp: false, reason: 'connection refused' };

/** What is news, of one condition after the other, each for so many seconds. */
function news(...conditions: readonly (readonly [Condition, number])[]): string[] {
  let now = 0;
  const attention = new Attention(() => now);
  return conditions.flatMap(([condition, seconds]) => {
    const found: string[] = [];
    for (const end = now + seconds * 1000; now < end; now += 2000)
      for (const { event, reason = '' } of attention.look(condition)) found.push(`${event} ${reason}`.trim());
    return found;
  });
}

describe("notices of a mirror's condition", () => {
  it('are not sent for a restart', () => {
    expect(news([WELL, 10], [DOWN, 30], [WELL, 100])).to.deep.equal([]);
  });

  it('are sent once for a mirror that stays down, and when it is up again', () => {
    expect(news([WELL, 10], [DOWN, 500], [WELL, 100])).to.deep.equal(['down connection refused', 'up']);
  });

  it('say that it is disabled when it fails again and again, and when it is used again', () => {
    const damped = { ...DOWN, isDamped: true };
    expect(news([WELL, 10], [damped, 500], [WELL, 100])).to.deep.equal([
      'disabled connection refused',
      'enabled',
    ]);
  });

  it('say that it does not keep up', () => {
    expect(news([{ ...WELL, lag: 3 }, 800])).to.deep.equal([]);
    expect(news([{ ...WELL, lag: 3 }, 1000], [WELL, 10])).to.deep.equal(['behind by 3 publications']);
  });
});

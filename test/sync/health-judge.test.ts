/** Promise: a mirror that fails is out at once, one that comes back is used again soon, and one that flaps is not. */
import { expect } from 'chai';
import fc from 'fast-check';
import { HealthJudge } from '../../services/sync/mirrors/health-judge.ts';

const LOOK_MS = 2000;

/** The health after each look, of which there is one every two seconds. */
function play(looks: readonly (readonly boolean[])[]): boolean[] {
  let now = 0;
  const judge = new HealthJudge(() => now);
  return looks.map((answers) => {
    now += LOOK_MS;
    return judge.look(answers);
  });
}
const GOOD = [true, true];
const BAD = [true, false];
const times = <T>(count: number, look: T): T[] => Array.from({ length: count }, () => look);
const changes = (states: readonly boolean[]) =>
  states.filter((state, i) => i > 0 && state !== states[i - 1]).length;

describe("the judgement of a mirror's health", () => {
  it('is good at the first good look, bad at the first bad one, and good again two looks later', () => {
    expect(play([GOOD, GOOD, BAD, GOOD, GOOD])).to.deep.equal([true, true, false, false, true]);
  });

  it('does not change by a look that found out nothing', () => {
    expect(play([GOOD, [], BAD, [], GOOD, [], GOOD])).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('changes few times while 30 % of the answers are failures', () => {
    const flapping = fc.array(
      fc.array(
        fc.nat(9).map((n) => n >= 3),
        { minLength: 3, maxLength: 3 },
      ),
      { minLength: 30, maxLength: 30 },
    );
    let most = 0;
    fc.assert(
      fc.property(flapping, (looks) => {
        most = Math.max(most, changes(play(looks)));
      }),
      { numRuns: 500, seed: 1 },
    );
    expect(most, 'within a minute').to.be.at.most(5);
  });

  it('takes twice as long each time that it falls out', () => {
    let now = 0;
    const judge = new HealthJudge(() => now);
    const looksUntilUp = () => {
      for (let looks = 1; ; looks++) {
        now += LOOK_MS;
        if (judge.look(GOOD)) return looks;
      }
    };
    const waits = times(9, 0).map(() => {
      now += 60_000;
      judge.look(BAD);
      return looksUntilUp();
    });
    // The third has the falls before it within its window, and counts as flapping.
    expect(waits.toSpliced(2, 1)).to.deep.equal([2, 2, 8, 16, 32, 64, 128, 256]);
  });

  it('forgives one that was well for half an hour', () => {
    let now = 0;
    const judge = new HealthJudge(() => now);
    judge.look(GOOD);
    for (let i = 0; i < 5; i++) {
      now += LOOK_MS;
      judge.look(BAD);
      for (let looks = 0; looks < 100; looks++) judge.look(GOOD);
    }
    now += 31 * 60_000;
    judge.look(BAD);
    expect([judge.look(GOOD), judge.look(GOOD)]).to.deep.equal([false, true]);
  });
});

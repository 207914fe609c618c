/** Promise: the search for an order that explains a history finds one exactly when there is one. */
import { expect } from 'chai';
import fc from 'fast-check';
import { isLinearizable, onlyIf, type Step } from './history.ts';

interface Drawn {
  readonly start: number;
  readonly length: number;
  readonly isOptional: boolean;
  readonly isLook: boolean;
  readonly value: number;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  start: fc.integer({ min: 0, max: 9 }),
  length: fc.integer({ min: 0, max: 5 }),
  isOptional: fc.boolean(),
  isLook: fc.boolean(),
  value: fc.integer({ min: 0, max: 2 }),
});

/** Beginnings are even and ends odd, so that no two are the same moment for both. */
function stepOf({ start, length, isOptional, isLook, value }: Drawn): Step<number> {
  const next = isLook ? onlyIf(value) : () => ({ state: value });
  return { start: 2 * start, end: 2 * (start + length) + 1, isOptional: isOptional && !isLook, next };
}

/** The plain way: every order of every choice of optional steps. */
function isExplained(
  state: number,
  left: readonly Step<number>[],
  done: readonly Step<number>[] = [],
): boolean {
  if (left.every(({ isOptional }) => isOptional)) return true;
  return left.some((step) => {
    const after = step.next(state);
    const isTooLate = done.some((each) => step.end < each.start);
    if (after === undefined || isTooLate) return false;
    const others = left.filter((each) => each !== step);
    return isExplained(after.state, others, [...done, step]);
  });
}

describe('an order that explains a history', () => {
  it('is found exactly when there is one', () => {
    let explained = 0;
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 6 }), (all) => {
        const steps = all.map(stepOf);
        const expected = isExplained(0, steps);
        explained += Number(expected);
        expect(isLinearizable(0, steps)).to.equal(expected);
      }),
      { numRuns: 2000 },
    );
    expect(explained).to.be.within(200, 1900);
  });
});

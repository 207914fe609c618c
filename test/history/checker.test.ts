/**
 * Promise: the checker of histories finds what no order of the operations explains, and nothing else.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { check } from './checker.ts';
import { dullyLinearizable } from './dull-checker.ts';
import { ABSENT, type Action, ANY, type Operation } from './operation.ts';
import { timeline } from './timeline.ts';
import { windowOf } from './window.ts';

const NEVER = Number.POSITIVE_INFINITY;
const STALE_MS = 1000;

/** An operation from one moment to another. */
function op(action: Action, startMs: number, endMs: number, staleMs = 0): Operation {
  return { client: 'c', action, startMs, endMs, staleMs };
}
const write = (value: string): Action => ({ kind: 'write', value });
const read = (value: string): Action => ({ kind: 'read', value });
const cas = (expected: string, value: string): Action => ({ kind: 'cas', expected, value });
const refused = (expected: string, value: string): Action => ({ kind: 'refused', expected, value });
const remove: Action = { kind: 'delete' };
const removeOnly = (only: string): Action => ({ kind: 'delete', only });

const GOOD: Readonly<Record<string, readonly Operation[]>> = {
  'a read of either value while a write is under way': [
    op(write('a'), 0, 10),
    op(write('b'), 20, 60),
    op(read('b'), 30, 40),
    op(read('b'), 45, 50),
  ],
  'two writes at once, in the order that the reads show': [
    op(write('a'), 0, 100),
    op(write('b'), 0, 100),
    op(read('b'), 10, 20),
    op(read('a'), 30, 40),
  ],
  'a stale read within the bound': [
    op(write('a'), 0, 10),
    op(write('b'), 20, 30),
    op(read('a'), 1000, 1010, STALE_MS),
    op(read('b'), 1040, 1050, STALE_MS),
  ],
  'an unanswered write that lands late': [
    op(write('a'), 0, NEVER),
    op(write('b'), 10, 20),
    op(read('b'), 100, 110),
    op(read('a'), 5000, 5010),
  ],
  'an unanswered write that never lands': [op(write('a'), 0, NEVER), op(read(ABSENT), 100, 110)],
  'a conditional write that is refused because another one came first': [
    op(write('a'), 0, 10),
    op(cas('a', 'b'), 20, 40),
    op(refused('a', 'c'), 20, 40),
    op(read('b'), 50, 60),
  ],
  'a conditional write that is repeated, as nobody answered': [
    op(cas(ABSENT, 'a'), 0, NEVER),
    op(refused(ABSENT, 'b'), 10, 20),
    op(cas(ABSENT, 'a'), 30, 40),
  ],
  'a delete of one value that leaves another': [
    op(write('a'), 0, 10),
    op(write('b'), 20, 30),
    op(removeOnly('a'), 40, 50),
    op(read('b'), 60, 70),
  ],
};

const BAD: Readonly<Record<string, readonly Operation[]>> = {
  'a stale read beyond the bound': [
    op(write('a'), 0, 10),
    op(write('b'), 20, 30),
    op(read('a'), 1031, 1040, STALE_MS),
  ],
  'a lost update': [
    op(write('a'), 0, 10),
    op(cas('a', 'b'), 20, 30),
    op(cas('a', 'c'), 40, 50),
    op(read('c'), 60, 70),
  ],
  'a write that was undone': [
    op(write('a'), 0, 10),
    op(write('b'), 20, 30),
    op(read('b'), 40, 50),
    op(read('a'), 60, 70),
  ],
  'a conditional write with two winners': [
    op(write('a'), 0, 10),
    op(cas('a', 'b'), 20, 50),
    op(cas('a', 'c'), 20, 50),
  ],
  'an acknowledged write that is gone': [op(write('a'), 0, 10), op(read(ABSENT), 20, 30)],
  'a deleted tag that is back': [
    op(write('a'), 0, 10),
    op(remove, 20, 30),
    op(read(ABSENT), 40, 50),
    op(read('a'), 60, 70),
  ],
  'a tag that is listed and cannot be pulled': [
    op(write('a'), 0, 100),
    op(removeOnly('a'), 0, 100),
    op(read(ANY), 110, 120),
    op(read(ABSENT), 130, 140),
    op(read(ANY), 150, 160),
  ],
  'a conditional write that was done and refused': [
    op(write('a'), 0, 10),
    op(refused('a', 'b'), 20, 30),
    op(read('b'), 40, 50),
  ],
  'a repeated conditional write that was refused although its value was there': [
    op(cas(ABSENT, 'a'), 0, 10),
    op(refused(ABSENT, 'a'), 20, 30),
  ],
  'a value that was never written': [op(write('a'), 0, 10), op(read('b'), 20, 30)],
  'an unanswered write that lands twice': [
    op(write('a'), 0, NEVER),
    op(write('b'), 10, 20),
    op(read('a'), 30, 40),
    op(write('b'), 50, 60),
    op(read('b'), 61, 62),
    op(read('a'), 70, 80),
  ],
};

const value = fc.constantFrom('a', 'b', 'c');
const expected = fc.constantFrom('a', 'b', ABSENT, ANY);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: value.map(write) },
  { weight: 4, arbitrary: fc.oneof(value, fc.constantFrom(ABSENT, ANY)).map(read) },
  { weight: 1, arbitrary: fc.constant(remove) },
  { weight: 1, arbitrary: value.map(removeOnly) },
  { weight: 2, arbitrary: fc.tuple(expected, value).map(([from, to]) => cas(from, to)) },
  { weight: 1, arbitrary: fc.tuple(expected, value).map(([from, to]) => refused(from, to)) },
);
const operation = fc
  .record({
    action,
    startMs: fc.nat(20),
    tookMs: fc.nat(12),
    isLost: fc.nat(4).map((n) => n === 0),
    staleMs: fc.nat(6),
  })
  .map(({ action, startMs, tookMs, isLost, staleMs }) =>
    op(action, startMs, isLost ? NEVER : startMs + tookMs, action.kind === 'read' ? staleMs : 0),
  );
const history = fc.array(operation, { minLength: 1, maxLength: 7 });

describe('the checker of histories', () => {
  for (const [name, operations] of Object.entries(GOOD))
    it(`accepts ${name}`, () => {
      expect(check(operations).kind).to.equal('linearizable');
      expect(dullyLinearizable(operations)).to.equal(true);
    });

  for (const [name, operations] of Object.entries(BAD))
    it(`finds ${name}`, () => {
      expect(check(operations).kind).to.equal('violation');
      expect(dullyLinearizable(operations)).to.equal(false);
    });

  it('says of small histories what its dull twin says', () => {
    const found = { linearizable: 0, violation: 0, undecided: 0 };
    const agree = (operations: readonly Operation[]) => {
      const { kind } = check(operations);
      found[kind]++;
      expect(kind).to.equal(dullyLinearizable(operations) ? 'linearizable' : 'violation');
    };
    fc.assert(fc.property(history, agree), { numRuns: 2000 });
    expect(found.undecided).to.equal(0);
    expect(found.linearizable).to.be.above(200);
    expect(found.violation).to.be.above(200);
  });

  it('shows only what is needed to see that something is wrong', () => {
    const wrong = [
      op(write('x'), 100_000, 100_010),
      op(write('y'), 100_020, 100_030),
      op(read('x'), 100_040, 100_050),
    ];
    const before = Array.from({ length: 500 }, (_, i) => op(write(`v${i}`), i * 20, i * 20 + 10));
    const verdict = check([...before, ...wrong]);
    if (verdict.kind !== 'violation') throw new Error(verdict.kind);
    const shown = windowOf([...before, ...wrong], verdict.at);
    expect(shown).to.deep.equal(wrong.slice(1));
    expect(timeline(shown, verdict.at)).to.equal(
      '  100.020 s – 100.030 s  c: writes y\n> 100.040 s – 100.050 s  c: reads x',
    );
  });

  it('shows observations of the same in one line', () => {
    const seen = [10, 20, 30].map((ms) => op(read('a'), ms, ms + 5));
    expect(timeline([op(write('a'), 0, 5), ...seen], seen[2] as Operation)).to.equal(
      [
        '  0.000 s – 0.005 s  c: writes a',
        '  0.010 s – 0.015 s  c: reads a (and 1 more)',
        '> 0.030 s – 0.035 s  c: reads a',
      ].join('\n'),
    );
  });

  it('shows a window that is wrong by itself', () => {
    fc.assert(
      fc.property(history, (operations) => {
        const verdict = check(operations);
        if (verdict.kind !== 'violation') return;
        const shown = windowOf(operations, verdict.at);
        expect(shown).to.include(verdict.at);
        expect(check(shown).kind).to.equal('violation');
      }),
    );
  });

  it('copes with 400 writes whose outcome nobody knows, among 3000 operations', () => {
    const operations: Operation[] = [];
    for (let i = 0; i < 3000; i++) {
      const [startMs, name] = [i * 10, `v${Math.floor(i / 3)}`];
      operations.push(op(i % 3 === 0 ? write(name) : read(name), startMs, startMs + 9, i % 3 === 0 ? 0 : 5));
      if (i % 8 === 0) operations.push(op(write(`lost${i}`), startMs, NEVER));
    }
    expect(check(operations).kind).to.equal('linearizable');
    expect(check([...operations, op(read('v1'), 40_000, 40_010)]).kind).to.equal('violation');
    expect(check([...operations, op(read('lost8'), 40_000, 40_010)]).kind).to.equal('linearizable');
  });

  it('says that it has not decided, rather than taking for ever', () => {
    const lost = Array.from({ length: 12 }, (_, i) => op(write(`v${i}`), 0, NEVER));
    expect(check([...lost, op(read('none'), 10, 20)], { stepsMax: 10 }).kind).to.equal('undecided');
  });
});

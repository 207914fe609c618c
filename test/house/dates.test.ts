import { expect } from 'chai';
import { filesOf, textOf } from './source.ts';

/** The registry's clocks run from 2025 on; what a test dates before that is as old on every day to come. */
const DAY_THAT_PASSES = /\b(?:202[5-9]|20[3-9]\d)-(?:0\d|1[0-2])-[0-3]\d(?!\d)/;

describe('test files', () => {
  it('name no day from 2025 on: it would be in the future, then recent, then old', () => {
    const dated = filesOf('test/**/*.ts').flatMap((path) =>
      textOf(path)
        .split('\n')
        .flatMap((line, index) => (DAY_THAT_PASSES.test(line) ? [`${path}:${index + 1}`] : [])),
    );
    expect(dated).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { planted } from '../mutants/mutant.ts';
import { MUTANTS } from '../mutants/mutants.ts';
import { filesOf, textOf } from './source.ts';

describe('planted breakages', () => {
  it('can be planted: each text that they replace occurs once', () => {
    for (const mutant of MUTANTS) {
      const text = textOf(mutant.file);
      expect(planted(mutant, text)).to.not.equal(text);
    }
  });

  it('name tests that exist', () => {
    const patterns = [...new Set(MUTANTS.flatMap(({ tests }) => tests))];
    expect(patterns.filter((pattern) => filesOf(pattern).length === 0)).to.deep.equal([]);
  });

  it('are there for each area, a hundred at least', () => {
    expect(MUTANTS).to.have.length.above(100);
    expect(new Set(MUTANTS.map(({ file, drops }) => `${file}: ${drops}`))).to.have.length(MUTANTS.length);
  });
});

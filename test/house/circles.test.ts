import { expect } from 'chai';
import { circlesIn } from './circles.ts';

describe('the search for circles of imports', () => {
  it('finds each circle of any length, and no file outside it', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', ['e']],
      ['e', ['d']],
      ['f', ['a', 'g']],
      ['g', []],
      ['h', ['h']],
    ]);
    expect(circlesIn(graph)).to.have.deep.members([['a', 'b', 'c'], ['d', 'e'], ['h']]);
  });

  it('finds no circle if two paths lead to the same file', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', []],
    ]);
    expect(circlesIn(graph)).to.deep.equal([]);
  });
});

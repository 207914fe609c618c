/** Promise: what `npm run worst` measures is so: a node that is frozen, or asks its store too often, is seen. */
import { expect } from 'chai';
import { delaysOf, excessesOf } from './budget.ts';
import type { Figures } from './measure.ts';
import type { Row } from './row.ts';
import { MARKERS, tableIn, tableOf, withTable } from './table.ts';

const ROW: Row = {
  ...{ route: 'GET /x', request: 'a request', status: 200, storeRequests: 5, cpuMs: 50 },
  ask: () => Promise.reject(new Error('nobody asks')),
};
const GOOD: Figures = {
  ...{ status: 200, answer: '', cpuMs: 50, storeRequests: 5, memoryMb: 100, descriptors: 200 },
  ...{ slowestMs: 100, idleSlowestMs: 1, longestMs: 100 },
};
const excesses = (more: Partial<Figures>) => excessesOf(ROW, { ...GOOD, ...more });
const delays = (more: Partial<Figures>) => delaysOf(ROW, { ...GOOD, ...more });

describe('a budget', () => {
  it('is kept by what is just within it', () => {
    expect([...excesses({}), ...delays({})]).to.deep.equal([]);
  });

  it('is exceeded by each figure alone', () => {
    expect(excesses({ status: 500, answer: 'why' })).to.deep.equal(['status 500 instead of 200: why']);
    expect(excessesOf({ ...ROW, refusal: /too many/ }, { ...GOOD, answer: 'no' })).to.deep.equal([
      'refused for another reason: no',
    ]);
    expect(excesses({ storeRequests: 6 })).to.deep.equal(['6 store requests, more than 5']);
    expect(excesses({ memoryMb: 101 })).to.deep.equal(['101 MB of memory, more than 100']);
    expect(excesses({ descriptors: 201 })).to.deep.equal(['201 descriptors, more than 200']);
    expect(delays({ cpuMs: 60 })).to.deep.equal(['60 ms of the processor, more than 50']);
    expect(delays({ slowestMs: 300, longestMs: 250 })).to.deep.equal([
      '250 ms until /livez answered, more than 100',
    ]);
  });

  it('is not exceeded by a machine that has no time for the node', () => {
    expect(delays({ slowestMs: 3000, longestMs: 20 })).to.deep.equal([]);
  });
});

describe('the table of the worst requests', () => {
  it('has a line for each', () => {
    const [head, rule, line] = tableOf([[ROW, GOOD]]).split('\n');
    expect(head).to.equal(
      '| route | request | status | CPU ms | store requests | memory MB | descriptors | slowest /livez ms |',
    );
    expect(rule).to.equal('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |');
    expect(line).to.equal('| `GET /x` | a request | 200 | 50 | 5 | 100 | 200 | 100 |');
  });

  it('replaces that of a document, between its markers', () => {
    const document = `a\n${MARKERS.begin}\nold\n${MARKERS.end}\nb\n`;
    const written = withTable(document, 'new');
    expect(written).to.equal(`a\n${MARKERS.begin}\n\nnew\n\n${MARKERS.end}\nb\n`);
    expect(tableIn(written)).to.equal('\n\nnew\n\n');
    expect(() => withTable('a document without markers', 'new')).to.throw(MARKERS.begin);
  });
});

/** Promise: a `Range` header is read as RFC 9110 has it; what cannot be understood is ignored, never misread. */
import { expect } from 'chai';
import fc from 'fast-check';
import { parseRanges, RANGES_MAX } from '../../services/http/range.ts';

const sizeBytes = fc.integer({ min: 0, max: 5000 });
const position = fc.integer({ min: 0, max: 6000 });

describe('ranges', () => {
  it('from a first to a last byte are those bytes that there are', () => {
    fc.assert(
      fc.property(sizeBytes, position, position, (size, first, last) => {
        const range = parseRanges(`bytes=${first}-${last}`, size);
        if (first >= size || last < first) expect(range).to.equal('unsatisfiable');
        else expect(range).to.deep.equal([{ first, last: Math.min(last, size - 1) }]);
      }),
    );
  });

  it('from a byte on, and of the last bytes, are what a slice of the body would be', () => {
    fc.assert(
      fc.property(sizeBytes, position, (size, count) => {
        const positions = Array.from({ length: size }, (_, i) => i);
        for (const [header, expected] of [
          [`bytes=${count}-`, positions.slice(count)],
          [`bytes=-${count}`, count === 0 ? [] : positions.slice(-count)],
        ] as const) {
          const range = parseRanges(header, size);
          if (expected.length === 0) expect(range, header).to.equal('unsatisfiable');
          else expect(range, header).to.deep.equal([{ first: expected[0], last: expected.at(-1) }]);
        }
      }),
    );
  });

  it('always lie inside the body, whatever the header says', () => {
    const piece = fc.constantFrom(
      'bytes',
      '=',
      '-',
      ',',
      ' ',
      '0',
      '9',
      '99999999999999999999',
      '-1',
      '1e3',
      'x',
    );
    const header = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(header, sizeBytes, (text, size) => {
        const ranges = parseRanges(text, size);
        if (ranges === undefined || ranges === 'unsatisfiable') return;
        expect(ranges).to.have.length.within(1, RANGES_MAX);
        for (const { first, last } of ranges) {
          expect(first).to.be.within(0, last);
          expect(last).to.be.below(size);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('count only while the content is what the client has a part of', () => {
    fc.assert(
      fc.property(fc.string(), (ifRange) => {
        const range = parseRanges('bytes=0-0', 10, ifRange, '"mine"');
        expect(range === undefined).to.equal(ifRange !== '' && ifRange !== '"mine"');
      }),
    );
    expect(parseRanges('bytes=0-0', 10, '"mine"', '"mine"')).to.deep.equal([{ first: 0, last: 0 }]);
  });

  it('of a set are those that can be satisfied, in the order in which the client names them', () => {
    for (const [header, expected] of [
      ['bytes=0-1,5-6', ['0-1', '5-6']],
      ['bytes=5-6,0-1', ['5-6', '0-1']],
      ['bytes=0-1,2-3', ['0-1', '2-3']],
      ['bytes=0-1, 0-1', ['0-1', '0-1']],
      ['BYTES= ,0-0,\t-1 ,,', ['0-0', '9-9']],
      ['bytes=0-1,10-20,-0', ['0-1']],
    ] as const) {
      const ranges = parseRanges(header, 10);
      expect(ranges, header).to.be.an('array');
      const told = Array.isArray(ranges) ? ranges.map(({ first, last }) => `${first}-${last}`) : [];
      expect(told, header).to.deep.equal(expected);
    }
  });

  it('of a set of which none can be satisfied, or one runs backwards, are unsatisfiable', () => {
    for (const header of ['bytes=10-,20-30', 'bytes=-0,10-11', 'bytes=0-1,6-5'])
      expect(parseRanges(header, 10), header).to.equal('unsatisfiable');
  });

  it('of a set that cannot be read are ignored, all of them', () => {
    for (const header of ['bytes=,', 'bytes=0-1,x', 'bytes=0-1;2-3', 'bytes=0-1,-', 'lines=0-1,2-3'])
      expect(parseRanges(header, 10), header).to.equal(undefined);
  });

  it('are ignored when there are too many, or more bytes of them than there are', () => {
    const many = (count: number) => `bytes=${Array.from({ length: count }, (_, i) => `${i}-${i}`).join()}`;
    expect(parseRanges(many(RANGES_MAX), 5000)).to.have.length(RANGES_MAX);
    expect(parseRanges(many(RANGES_MAX + 1), 5000)).to.equal(undefined);
    expect(parseRanges('bytes=0-8,9-9', 10)).to.have.length(2);
    expect(parseRanges('bytes=0-9,9-9', 10)).to.equal(undefined);
    expect(parseRanges('bytes=0-,0-1,0-2', 10)).to.equal(undefined);
  });
});

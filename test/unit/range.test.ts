/** Promise: a `Range` header is read as RFC 9110 has it; what cannot be understood is ignored, never misread. */
import { expect } from 'chai';
import fc from 'fast-check';
import { parseRange } from '../../services/http/range.ts';

const sizeBytes = fc.integer({ min: 0, max: 5000 });
const position = fc.integer({ min: 0, max: 6000 });

describe('ranges', () => {
  it('from a first to a last byte are those bytes that there are', () => {
    fc.assert(
      fc.property(sizeBytes, position, position, (size, first, last) => {
        const range = parseRange(`bytes=${first}-${last}`, size);
        if (first >= size || last < first) expect(range).to.equal('unsatisfiable');
        else expect(range).to.deep.equal({ first, last: Math.min(last, size - 1) });
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
          const range = parseRange(header, size);
          if (expected.length === 0) expect(range, header).to.equal('unsatisfiable');
          else expect(range, header).to.deep.equal({ first: expected[0], last: expected.at(-1) });
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
        const range = parseRange(text, size);
        if (range === undefined || range === 'unsatisfiable') return;
        expect(range.first).to.be.within(0, range.last);
        expect(range.last).to.be.below(size);
      }),
      { numRuns: 2000 },
    );
  });

  it('count only while the content is what the client has a part of', () => {
    fc.assert(
      fc.property(fc.string(), (ifRange) => {
        const range = parseRange('bytes=0-0', 10, ifRange, '"mine"');
        expect(range === undefined).to.equal(ifRange !== '' && ifRange !== '"mine"');
      }),
    );
    expect(parseRange('bytes=0-0', 10, '"mine"', '"mine"')).to.deep.equal({ first: 0, last: 0 });
  });
});

/**
 * Promise: a request for several ranges is answered with each of them, in one body of exactly the length that was told.
 * Held to a dull twin, which slices the bytes; the wire and real stores are in `test/protocol/ranges.test.ts`.
 */
import { PassThrough, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import fc from 'fast-check';
import { layOutRanges, sendRanges } from '../../services/http/multipart-ranges.ts';
import { parseRanges } from '../../services/http/range.ts';
import type { ByteRange } from '../../services/registry/storage/object-store.ts';
import { parseByteRanges } from '../support/multipart.ts';

/** What a client asks for, as text and as a slice of the bytes. */
interface Asked {
  readonly text: string;
  readonly slice: (bytes: Buffer) => Buffer;
}

const position = fc.integer({ min: 0, max: 400 });
const asked: fc.Arbitrary<Asked> = fc.oneof(
  fc.tuple(position, fc.integer({ min: 0, max: 60 })).map(([first, more]) => ({
    text: `${first}-${first + more}`,
    slice: (bytes: Buffer) => bytes.subarray(first, first + more + 1),
  })),
  position.map((first) => ({ text: `${first}-`, slice: (bytes: Buffer) => bytes.subarray(first) })),
  position.map((count) => ({
    text: `-${count}`,
    slice: (bytes: Buffer) => bytes.subarray(Math.max(0, bytes.length - count)),
  })),
);
const content = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  // What could be taken for a boundary.
  fc
    .array(fc.constantFrom('\r\n--', '--', '\r\n', '\r\n\r\n', 'x'), { minLength: 20 })
    .map((all) => Buffer.from(all.join(''))),
);

async function bodyOf(bytes: Buffer, ranges: readonly ByteRange[]) {
  const laidOut = layOutRanges(ranges, { sizeBytes: bytes.length, contentType: 'application/octet-stream' });
  const sink = new PassThrough();
  const received = buffer(sink);
  await sendRanges(laidOut, sink, async ({ first, last }) => {
    sink.write(bytes.subarray(first, last + 1));
  });
  sink.end();
  return { laidOut, body: await received };
}

describe('several ranges in one answer', () => {
  it('are the slices that were asked for, in that order, and no byte more than announced', async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.array(asked, { minLength: 2, maxLength: 12 }), async (bytes, all) => {
        const slices = all.map(({ slice }) => slice(bytes)).filter((slice) => slice.length > 0);
        const ranges = parseRanges(`bytes=${all.map(({ text }) => text).join(', ')}`, bytes.length);
        const sum = slices.reduce((bytesBefore, slice) => bytesBefore + slice.length, 0);
        if (slices.length === 0) return void expect(ranges).to.equal('unsatisfiable');
        if (sum > bytes.length) return void expect(ranges).to.equal(undefined);
        if (!Array.isArray(ranges)) throw new Error(`${ranges}: expected ranges`);
        const { laidOut, body } = await bodyOf(bytes, ranges);
        expect(body.length).to.equal(laidOut.lengthBytes);
        const parts = parseByteRanges(laidOut.contentType, body);
        expect(parts.map((part) => part.bytes.toString('hex'))).to.deep.equal(
          slices.map((slice) => slice.toString('hex')),
        );
        for (const part of parts) {
          const [, first = '', last = '', size = ''] =
            /^bytes (\d+)-(\d+)\/(\d+)$/.exec(part.contentRange ?? '') ?? [];
          expect(bytes.subarray(Number(first), Number(last) + 1).equals(part.bytes)).to.equal(true);
          expect(Number(size)).to.equal(bytes.length);
          expect(part.contentType).to.equal('application/octet-stream');
        }
      }),
    );
  });

  it('are read one after the other, and not at all once the client has gone', async () => {
    const ranges = Array.from({ length: 100 }, (_, i) => ({ first: i * 10, last: i * 10 + 4 }));
    const laidOut = layOutRanges(ranges, { sizeBytes: 1000, contentType: 'text/plain' });
    const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
    let [sent, underWay, mostAtOnce] = [0, 0, 0];
    const failure = await sendRanges(laidOut, sink, async () => {
      mostAtOnce = Math.max(mostAtOnce, ++underWay);
      await new Promise(setImmediate);
      underWay--;
      if (++sent === 3) sink.destroy();
    }).catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'ERR_STREAM_PREMATURE_CLOSE');
    expect({ sent, mostAtOnce }).to.deep.equal({ sent: 3, mostAtOnce: 1 });
  });
});

/**
 * Promise: a part of a blob can be asked for as RFC 9110 has it, so that clients resume and fetch in parallel; blobs
 * that a node keeps in memory and those that it reads from the store answer alike.
 */
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { parseByteRanges } from '../support/multipart.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob } from './pushing.ts';
import { type Answer, send } from './wire.ts';

describe('ranges of blobs', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  for (const [kind, sizeBytes] of [
    ['small', 1000],
    ['large', 1_000_000],
  ] as const)
    describe(`of a ${kind} one`, () => {
      const bytes = newBytes(sizeBytes);
      const target = `/v2/hello/blobs/${sha256(bytes)}`;
      const get = (range: string, more: Record<string, string> = {}): Promise<Answer> =>
        send(registry.url, target, { headers: { range, ...more } });
      before(() => pushBlob(registry.url, 'hello', bytes));

      const parts: [string, number, number][] = [
        ['bytes=0-0', 0, 0],
        ['bytes=100-299', 100, 299],
        ['bytes=500-', 500, sizeBytes - 1],
        ['bytes=-200', sizeBytes - 200, sizeBytes - 1],
        [`bytes=-${sizeBytes + 5}`, 0, sizeBytes - 1],
        [`bytes=900-${sizeBytes + 5000}`, 900, sizeBytes - 1],
        [`bytes=0-${sizeBytes - 1}`, 0, sizeBytes - 1],
        [`bytes=${sizeBytes - 1}-`, sizeBytes - 1, sizeBytes - 1],
      ];
      for (const [range, first, last] of parts)
        it(`answers ${range} with 206 and exactly those bytes`, async () => {
          const answer = await get(range);
          expect(answer.status).to.equal(206);
          expect(answer.headers['content-range']).to.equal(`bytes ${first}-${last}/${sizeBytes}`);
          expect(answer.headers['content-length']).to.equal(String(last - first + 1));
          expect(answer.headers['docker-content-digest']).to.equal(sha256(bytes));
          expect(answer.body.equals(bytes.subarray(first, last + 1))).to.equal(true);
        });

      for (const range of [
        `bytes=${sizeBytes}-`,
        `bytes=${sizeBytes * 2}-${sizeBytes * 3}`,
        'bytes=500-0',
        'bytes=-0',
      ])
        it(`answers ${range} with 416 and the size`, async () => {
          const answer = await get(range);
          expect(answer.status).to.equal(416);
          expect(answer.headers['content-range']).to.equal(`bytes */${sizeBytes}`);
          expect(answer.headers['content-length']).to.equal('0');
          expect(answer.headers['cache-control']).to.equal('no-store');
        });

      for (const range of ['lines=1-2', 'bytes=0-1,x', 'bytes=0-,0-', 'bytes=-', 'bytes=a-b', 'nonsense'])
        it(`ignores "${range}", which is not a set of ranges of bytes that it holds`, async () => {
          const answer = await get(range);
          expect(answer.status).to.equal(200);
          expect(answer.body.equals(bytes)).to.equal(true);
        });

      it('answers several ranges with each of them in a body of several parts', async () => {
        const asked = ['0-99', `${sizeBytes - 1}-`, '500-599', '100-199', '-7', `${sizeBytes}-`];
        const answer = await get(`bytes=${asked.join(', ')}`);
        expect(answer.status).to.equal(206);
        expect(answer.headers['content-length']).to.equal(String(answer.body.length));
        expect(answer.headers).not.to.have.property('content-range');
        expect(answer.headers['docker-content-digest']).to.equal(sha256(bytes));
        const parts = parseByteRanges(answer.headers['content-type'] ?? '', answer.body);
        const expected = [
          [0, 99],
          [sizeBytes - 1, sizeBytes - 1],
          [500, 599],
          [100, 199],
          [sizeBytes - 7, sizeBytes - 1],
        ] as const;
        expect(parts.map(({ contentRange }) => contentRange)).to.deep.equal(
          expected.map(([first, last]) => `bytes ${first}-${last}/${sizeBytes}`),
        );
        for (const [i, [first, last]] of expected.entries())
          expect(parts[i]?.bytes.equals(bytes.subarray(first, last + 1))).to.equal(true);
      });

      it('answers with a single range when only one of several can be satisfied, and with none for HEAD', async () => {
        const answer = await get(`bytes=${sizeBytes}-,5-6`);
        expect(answer.status).to.equal(206);
        expect(answer.headers['content-range']).to.equal(`bytes 5-6/${sizeBytes}`);
        expect(answer.body.equals(bytes.subarray(5, 7))).to.equal(true);
        const head = await send(registry.url, target, {
          method: 'HEAD',
          headers: { range: 'bytes=0-1,5-6' },
        });
        expect([head.status, head.headers['content-length']]).to.deep.equal([200, String(sizeBytes)]);
        expect((await get(`bytes=${sizeBytes}-,-0`)).status).to.equal(416);
      });

      it('honours If-Range with its own ETag, and sends everything for any other', async () => {
        const etag = String((await send(registry.url, target)).headers.etag);
        expect(etag).to.equal(`"${sha256(bytes)}"`);
        expect((await get('bytes=0-9', { 'if-range': etag })).status).to.equal(206);
        for (const other of ['"another"', 'Sat, 21 Nov 2026 07:00:00 GMT'])
          expect((await get('bytes=0-9,20-29', { 'if-range': other })).status).to.equal(200);
        expect((await get('bytes=0-9,20-29', { 'if-range': etag })).status).to.equal(206);
      });

      it('puts parts fetched at once together to the whole', async () => {
        const stepBytes = Math.ceil(sizeBytes / 7);
        const answers = await Promise.all(
          Array.from({ length: 7 }, (_, i) => get(`bytes=${i * stepBytes}-${(i + 1) * stepBytes - 1}`)),
        );
        expect(Buffer.concat(answers.map(({ body }) => body)).equals(bytes)).to.equal(true);
      });
    });

  it('answers as many ranges at once as podman asks for, of a layer of any size', async () => {
    const bytes = newBytes(200_000);
    const { digest } = await pushBlob(registry.url, 'hello', bytes);
    // Positions as long as they are in a layer of 10 GB.
    const digits = (position: number) => String(position).padStart(10, '0');
    const firsts = Array.from({ length: 1024 }, (_, i) => i * 190);
    const range = `bytes=${firsts.map((first) => `${digits(first)}-${digits(first + 99)}`).join()}`;
    const answer = await send(registry.url, `/v2/hello/blobs/${digest}`, { headers: { range } });
    expect(answer.status).to.equal(206);
    const parts = parseByteRanges(answer.headers['content-type'] ?? '', answer.body);
    expect(Buffer.concat(parts.map((part) => part.bytes))).to.deep.equal(
      Buffer.concat(firsts.map((first) => bytes.subarray(first, first + 100))),
    );
  });

  it('has no part of an empty blob to give', async () => {
    const { digest } = await pushBlob(registry.url, 'hello', Buffer.alloc(0));
    for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
      const answer = await send(registry.url, `/v2/hello/blobs/${digest}`, { headers: { range } });
      expect(answer.status).to.equal(416);
      expect(answer.headers['content-range']).to.equal('bytes */0');
    }
  });
});

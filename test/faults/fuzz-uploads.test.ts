/**
 * Promise: over HTTP too, chunks in any order, repeated, with gaps or with wrong headers, either become exactly the
 * blob that was named or are refused with nothing changed, and every refusal says where to go on.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { type Answer, expectError, inPieces, send } from '../protocol/wire.ts';
import { sha256 } from '../support/digest.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const RUNS = 60;

interface Step {
  readonly what: 'patch' | 'put' | 'ask' | 'cancel';
  readonly bytes: Buffer;
  /** Where the client says that its bytes begin, from the upload's end; undefined for no Content-Range. */
  readonly shift: number | undefined;
  readonly stretch: number;
  readonly chunked: boolean;
  readonly right: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom<Step['what'][]>('patch', 'patch', 'patch', 'put', 'ask', 'cancel'),
  bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  shift: fc.constantFrom(0, 0, 0, undefined, -3, 5, 1000),
  stretch: fc.constantFrom(0, 0, 0, 0, 1),
  chunked: fc.boolean(),
  right: fc.boolean(),
});

describe('uploads by any sequence of requests', function () {
  this.timeout(60_000);
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  async function begin(): Promise<string> {
    const begun = await send(registry.url, '/v2/hello/blobs/uploads/', { method: 'POST' });
    expect(begun.status).to.equal(202);
    return String(begun.headers.location);
  }

  function expectPosition(answer: Answer, sizeBytes: number): void {
    expect(answer.headers.range).to.equal(`0-${Math.max(0, sizeBytes - 1)}`);
  }

  /** Does a step, holds the answer to the book, and returns what the upload has then; undefined when it is over. */
  async function act(location: string, had: Buffer | undefined, each: Step): Promise<Buffer | undefined> {
    const { what, bytes, shift, stretch, chunked, right } = each;
    const whole = Buffer.concat([had ?? Buffer.alloc(0), bytes]);
    const digest = sha256(right ? whole : Buffer.from('something else'));
    const first = (had?.length ?? 0) + (shift ?? 0);
    const hasRange = shift !== undefined && bytes.length > 0 && first >= 0;
    const headers = hasRange ? { 'content-range': `${first}-${first + bytes.length - 1 + stretch}` } : {};
    const body = chunked ? inPieces(bytes, 50) : bytes;
    const answer = await (what === 'patch'
      ? send(registry.url, location, { method: 'PATCH', headers, body })
      : what === 'put'
        ? send(registry.url, `${location}?digest=${digest}`, { method: 'PUT', headers, body })
        : send(registry.url, location, { method: what === 'ask' ? 'GET' : 'DELETE' }));
    if (had === undefined) {
      expectError(answer, 404, 'BLOB_UPLOAD_UNKNOWN');
      return undefined;
    }
    if (what === 'ask' || what === 'cancel') {
      expect(answer.status).to.equal(204);
      if (what === 'ask') expectPosition(answer, had.length);
      return what === 'ask' ? had : undefined;
    }
    if (hasRange && first !== had.length) {
      expectError(answer, 416, 'RANGE_INVALID');
      expectPosition(answer, had.length);
      return had;
    }
    if (hasRange && stretch !== 0 && !chunked) {
      expectError(answer, 400, 'SIZE_INVALID');
      return had;
    }
    if (what === 'patch') {
      expect(answer.status, answer.body.toString()).to.equal(202);
      expectPosition(answer, whole.length);
      return whole;
    }
    if (!right) {
      expectError(answer, 400, 'DIGEST_INVALID');
      return undefined;
    }
    expect(answer.status, answer.body.toString()).to.equal(201);
    const got = await send(registry.url, `/v2/hello/blobs/${digest}`);
    expect(got.body.equals(whole), 'the blob').to.equal(true);
    return undefined;
  }

  it('have the bytes that were acknowledged, no more and no fewer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(1), step), { maxLength: 12 }), async (steps) => {
        const uploads: { location: string; has: Buffer | undefined }[] = [];
        for (let i = 0; i < 2; i++) uploads.push({ location: await begin(), has: Buffer.alloc(0) });
        for (const [which, each] of steps)
          for (const upload of uploads.slice(which, which + 1))
            upload.has = await act(upload.location, upload.has, each);
      }),
      { numRuns: RUNS },
    );
  });

  it('have, after clients raced, the bytes of the clients that were acknowledged, each whole', async () => {
    const clients = fc.array(fc.uint8Array({ minLength: 1, maxLength: 2000 }), {
      minLength: 2,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(clients, async (contents) => {
        const location = await begin();
        const bodies = contents.map((bytes) => Buffer.from(bytes));
        const answers = await Promise.all(
          bodies.map((body) => send(registry.url, location, { method: 'PATCH', body })),
        );
        const taken: { end: number; body: Buffer }[] = [];
        for (const [i, answer] of answers.entries())
          if (answer.status === 202)
            taken.push({
              end: Number(String(answer.headers.range).slice(2)) + 1,
              body: bodies[i] ?? Buffer.alloc(0),
            });
          else expectError(answer, 416, 'RANGE_INVALID');
        expect(taken).to.have.length.at.least(1);
        const whole = Buffer.concat(taken.sort((a, b) => a.end - b.end).map(({ body }) => body));
        const closed = await send(registry.url, `${location}?digest=${sha256(whole)}`, { method: 'PUT' });
        expect(closed.status, closed.body.toString()).to.equal(201);
      }),
      { numRuns: RUNS },
    );
  });

  it('leave no fault in the log', () => {
    expect(registry.log().filter(({ level }) => level === 'error')).to.deep.equal([]);
  });
});

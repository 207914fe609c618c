/** Promise: a blob counts as held only if it came whole and right over the URL that clients are sent to; else words say why. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { askSize, readPart, readPublicly } from '../../services/mirrors/public-read.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { newBytes } from '../support/bytes.ts';
import { freePort } from '../support/ports.ts';
import { type Answer, type SwitchableServer, serve, startSwitchableServer } from './switchable-server.ts';

const BYTES = newBytes(300_000);
const BLOB = { digest: digestOf(BYTES), sizeBytes: BYTES.length };
const PAGE = Buffer.from('<html>sign in first</html>');
const PATIENCE_MS = 800;
const signal = new AbortController().signal;

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end('no');
/** Sends some of the bytes, then leaves the connection as it is, or breaks it. */
const part =
  (end: 'stall' | 'reset' | 'close'): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, 100_000));
    const { socket } = response;
    if (end !== 'stall')
      setTimeout(() => (end === 'reset' ? socket?.resetAndDestroy() : socket?.destroySoon()), 50);
  };

describe('a blob that is read over a public URL', function () {
  this.timeout(30_000);
  let server: SwitchableServer;
  before(async () => {
    server = await startSwitchableServer(serve(BYTES));
  });
  after(() => server?.[Symbol.asyncDispose]());
  beforeEach(() => {
    server.requests.length = 0;
  });

  const read = (answer: Answer, patienceMs = 20_000) => {
    server.answer = answer;
    return readPublicly(server.url, BLOB, { signal, patienceMs });
  };
  const ask = (answer: Answer) => {
    server.answer = answer;
    return askSize(server.url, BLOB, { signal });
  };

  it('is good if it has its size and digest', async () => {
    expect(await read(serve(BYTES))).to.deep.equal({ kind: 'good' });
    expect(await ask(serve(BYTES))).to.deep.equal({ kind: 'good' });
    const hex = BLOB.digest.slice('sha256:'.length);
    const path = `/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
    expect(server.requests).to.deep.equal([`GET ${path}`, `GET ${path} bytes=0-0`]);
  });

  it('is good without a Content-Length, and where ranges are ignored', async () => {
    const chunked: Answer = (_, response) => void response.writeHead(200).end(BYTES);
    const whole: Answer = (_, response) =>
      void response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);
    expect(await read(chunked)).to.deep.equal({ kind: 'good' });
    expect(await ask(chunked)).to.deep.equal({ kind: 'good' });
    expect(await ask(whole)).to.deep.equal({ kind: 'good' });
  });

  it('is good if it is empty', async () => {
    const empty = Buffer.alloc(0);
    server.answer = (request, response) =>
      void response.writeHead(request.headers.range ? 416 : 200, { 'content-length': 0 }).end();
    const blob = { digest: digestOf(empty), sizeBytes: 0 };
    expect(await askSize(server.url, blob, { signal })).to.deep.equal({ kind: 'good' });
  });

  const wrong = Buffer.alloc(BYTES.length);
  for (const [what, answer, reason] of [
    ['is not found', status(404), 'its URL answers 404: not found'],
    ['is gone', status(410), 'its URL answers 410: gone'],
    ['is bounced', status(307, { location: 'http://127.0.0.1:1/x' }), 'its URL redirects elsewhere (307)'],
    ['has wrong bytes', serve(wrong), 'its URL has wrong bytes of the right size'],
    ['is too short', serve(BYTES.subarray(1)), 'its URL has 299999 bytes instead of 300000'],
    [
      'is a page',
      serve(PAGE, { 'content-type': 'text/html; charset=utf-8' }),
      'its URL has an HTML page of 26 bytes instead of 300000',
    ],
    [
      'is compressed',
      serve(BYTES, { 'content-encoding': 'gzip' }),
      'its URL answers with compressed bytes (gzip)',
    ],
    [
      'is answered with a part',
      (_, response) =>
        void response.writeHead(206, { 'content-range': 'bytes 0-1/300000' }).end(BYTES.subarray(0, 2)),
      'its URL answers 206 to a request for the whole',
    ],
    [
      'has more bytes, without an end',
      async (_, response) => {
        response.writeHead(200);
        while (!response.destroyed) {
          response.write(BYTES);
          await sleep(1);
        }
      },
      'its URL has more than 300000 bytes',
    ],
    [
      'ends too soon',
      (_, response) => void response.writeHead(200).end('x'),
      'its URL has 1 bytes instead of 300000',
    ],
    ['is cut off by the end of the connection', part('close'), 'cut off after 100000 of 300000 bytes'],
  ] as [string, Answer, string][])
    it(`is lost if it ${what}`, async () => {
      expect(await read(answer)).to.deep.include({ kind: 'lost', reason });
    });

  it('is lost if it is cut off by a reset, twice', async () => {
    const found = await read(part('reset'));
    expect(found).to.have.property('kind', 'lost');
    expect(found)
      .to.have.property('reason')
      .that.matches(/^cut off after \d+ of 300000 bytes$/);
    expect(server.requests).to.have.lengthOf(2);
  });

  it('is good if it was cut off only once', async () => {
    let reads = 0;
    const once: Answer = (request, response) =>
      (reads++ === 0 ? part('reset') : serve(BYTES))(request, response);
    expect(await read(once)).to.deep.equal({ kind: 'good' });
  });

  for (const [what, answer, reason, retryAfterMs] of [
    ['fails', status(500), 'its URL answers 500'],
    ['refuses its client', status(403), 'its URL answers 403: it refuses this client'],
    ['limits rates', status(429, { 'retry-after': '7' }), 'its URL answers 429: too many requests', 7000],
    [
      'names a day long ago',
      status(503, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }),
      'its URL answers 503: it is not available now',
      0,
    ],
  ] as [string, Answer, string, number?][])
    it(`says nothing of the blob if the server ${what}`, async () => {
      const expected = { kind: 'failing', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
      expect(await read(answer)).to.deep.equal(expected);
      expect(await ask(answer)).to.deep.equal(expected);
    });

  it('says nothing of the blob if the server stalls, before or after the headers', async () => {
    expect(await read(() => undefined, PATIENCE_MS)).to.deep.equal({
      kind: 'failing',
      reason: 'no answer within 0.8 s',
      isLate: true,
    });
    expect(await read(part('stall'), PATIENCE_MS)).to.deep.equal({
      kind: 'failing',
      reason: 'it stalled: no bytes for 0.8 s after 100000 of 300000',
      isLate: true,
    });
  });

  describe('in part', () => {
    const PART = { firstByte: 200_000, sizeBytes: 50_000 };
    const inPart = (answer: Answer) => {
      server.answer = answer;
      return readPart(server.url, BLOB, PART, { signal, patienceMs: PATIENCE_MS });
    };
    const short: Answer = (_, response) =>
      void response.writeHead(206, { 'content-range': 'bytes 200000-249999/300000' }).end('x');
    const stalling: Answer = (_, response) => {
      response.writeHead(206, {
        ...{ 'content-range': 'bytes 200000-249999/300000', 'content-length': PART.sizeBytes },
      });
      response.write('x');
    };

    it('is good if all of that comes, whatever bytes they are', async () => {
      expect(await inPart(serve(BYTES))).to.deep.equal({ kind: 'good' });
      expect(server.requests[0]).to.match(/ bytes=200000-249999$/);
    });

    it('is good where ranges are ignored, and no more is read than was asked for', async () => {
      const halfway: Answer = (_, response) => {
        response.writeHead(200, { 'content-length': BYTES.length });
        response.write(BYTES.subarray(0, PART.sizeBytes));
      };
      expect(await inPart(halfway)).to.deep.equal({ kind: 'good' });
    });

    it('is good where the size is not named, and is not read whole because of that', async () => {
      const endless: Answer = (_, response) => {
        response.writeHead(200);
        response.write(BYTES.subarray(0, PART.sizeBytes));
      };
      expect(await inPart(endless)).to.deep.equal({ kind: 'good' });
      expect(server.requests).to.have.lengthOf(1);
    });

    for (const [what, answer, reason] of [
      ['has another size', serve(BYTES.subarray(1)), 'its URL has 299999 bytes instead of 300000'],
      ['ends before that', status(416), 'its URL answers 416: it has fewer bytes'],
      [
        'is answered with another part',
        (_, response) =>
          void response.writeHead(206, { 'content-range': 'bytes 0-1/300000' }).end(BYTES.subarray(0, 2)),
        'its URL answers bytes 0-1 instead of 200000-249999',
      ],
      ['ends too soon', short, 'its URL has 1 of 50000 bytes that it promises'],
    ] as [string, Answer, string][])
      it(`is lost if it ${what}`, async () => {
        expect(await inPart(answer)).to.deep.include({ kind: 'lost', reason });
      });

    it('says nothing of the blob if it stalls there', async () => {
      expect(await inPart(stalling)).to.deep.equal({
        ...{ kind: 'failing', reason: 'it stalled: no bytes for 0.8 s after 1 of 300000', isLate: true },
      });
    });
  });

  it('says nothing of the blob if nobody listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await readPublicly(url, BLOB, { signal })).to.deep.equal({
      kind: 'failing',
      reason: 'connection refused',
    });
  });

  it('is not judged when the reader has to stop', async () => {
    const stop = new AbortController();
    server.answer = part('stall');
    setTimeout(() => stop.abort(new Error('stopping')), 100);
    const failure = await readPublicly(server.url, BLOB, { signal: stop.signal }).catch(
      (error: Error) => error,
    );
    expect(failure).to.have.property('message', 'stopping');
  });
});

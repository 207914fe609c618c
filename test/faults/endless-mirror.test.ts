/**
 * Promise: a mirror gets no more of the worker's time, memory and traffic than the blob is worth, whatever it answers; it
 * shows as trouble, and the other mirrors get what is published.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { readPublicly } from '../../services/mirrors/public-read.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { WebdavTarget } from '../../services/sync/targets/webdav.ts';
import { pushImage } from '../protocol/pushing.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import {
  answerEndlessly,
  type Behaviour,
  type OddMirror,
  startOddMirror,
  trickle,
} from './endless-mirror.ts';

const PATIENCE_MS = 1000;
/** undici looks at its timers once a second; the machine may be busy. */
const SOON_MS = 12_000;
/** What the sockets between the two hold, and a piece or two. */
const IN_BETWEEN_BYTES = 16 * 1024 * 1024;

const BYTES = newBytes(100_000);
const BLOB = { digest: digestOf(BYTES), sizeBytes: BYTES.length };
const NEVER = new AbortController().signal;

describe('a mirror', function () {
  this.timeout(30_000);
  let mirror: OddMirror;
  let target: WebdavTarget;
  /** For what is answered: on a busy machine that may take longer than the other one's patience. */
  let patient: WebdavTarget;

  before(async () => {
    mirror = await startOddMirror(() => undefined);
    target = new WebdavTarget({ url: mirror.url, patienceMs: PATIENCE_MS, answerMs: PATIENCE_MS });
    patient = new WebdavTarget({ url: mirror.url, patienceMs: 60_000 });
  });
  after(() => mirror?.[Symbol.asyncDispose]());

  /** Gives the mirror a behaviour; returns how many bytes it sent when its client has hung up. */
  function sendingEndlessly(status: number): () => Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    mirror.behaviour = async (request, response) => {
      request.resume();
      resolve(await answerEndlessly(response, status));
    };
    return () => promise;
  }

  /** A read as a client's; what it found, in words. */
  async function read(patienceMs: number, signal = NEVER): Promise<string> {
    const found = await readPublicly(mirror.url, BLOB, { patienceMs, graceMs: patienceMs, signal });
    return found.kind === 'good' ? found.kind : `${found.kind}: ${found.reason}`;
  }

  /** What came of a call, which must be soon. */
  async function soon(call: Promise<unknown>): Promise<unknown> {
    const startedAt = performance.now();
    const result = await call.catch((error: Error) => error.message);
    expect(performance.now() - startedAt, 'ms').to.be.below(SOON_MS);
    return result;
  }

  it('that sends more than the blob is cut off, and does not hold it', async () => {
    const sent = sendingEndlessly(200);
    expect(await soon(read(60_000))).to.equal('lost: its URL has more than 100000 bytes');
    expect(await sent()).to.be.within(BYTES.length, IN_BETWEEN_BYTES);
  });

  for (const [status, result] of [
    [404, 'lost: its URL answers 404: not found'],
    [302, 'lost: its URL redirects elsewhere (302)'],
    [500, 'failing: its URL answers 500'],
  ] as const)
    it(`that sends a page without an end with a ${status} is cut off`, async () => {
      const sent = sendingEndlessly(status);
      expect(await soon(read(60_000))).to.equal(result);
      expect(await sent()).to.be.below(IN_BETWEEN_BYTES);
    });

  for (const [status, result] of [
    [201, undefined],
    [507, `PUT was answered with 507: its disk is full (${BYTES.length} bytes)`],
  ] as const)
    it(`that answers a write with ${status} and a page without an end is cut off`, async () => {
      const sent = sendingEndlessly(status);
      expect(await soon(patient.write(BLOB, inPieces(), NEVER))).to.equal(result);
      expect(await sent()).to.be.below(IN_BETWEEN_BYTES);
    });

  const trickled: Behaviour = (_, response) => {
    response.writeHead(200, { 'content-length': BYTES.length });
    return trickle(response, 50);
  };
  const trickledHead: Behaviour = ({ socket }) => {
    const timer = setInterval(() => socket.write('X'), 50);
    socket.once('close', () => clearInterval(timer));
    socket.write('HTTP/1.1 200 OK\r\nX-Long: ');
  };
  const readsNothing: Behaviour = (request) => void request.pause();
  for (const [what, behaviour, method, result] of [
    [
      'sends a blob a byte at a time',
      trickled,
      'GET',
      /^failing: too slow: \d+ of 100000 bytes within \d s$/,
    ],
    ['sends its headers a byte at a time', trickledHead, 'GET', /^failing: no answer within 1 s$/],
    ['does not answer', () => undefined, 'GET', /^failing: no answer within 1 s$/],
    ['takes no bytes', readsNothing, 'PUT', /no answer within 1 s after the last byte/],
  ] as const)
    it(`that ${what} is given up`, async () => {
      mirror.behaviour = behaviour;
      const call = method === 'PUT' ? target.write(BLOB, inPieces(), NEVER) : read(PATIENCE_MS);
      expect(await soon(call)).to.match(result);
      await eventually('its connection is closed', () => mirror.open.size === 0);
    });

  it('is not called slow when the worker has to stop', async () => {
    mirror.behaviour = trickled;
    const stop = new AbortController();
    const call = read(60_000, stop.signal);
    setTimeout(() => stop.abort(new Error('stopping')), 200);
    expect(await soon(call)).to.equal('stopping');
  });
});

describe('a registry with a mirror that answers without an end', function () {
  this.timeout(60_000);

  it('says so, and publishes to the others', async () => {
    await using home = await tempDir('endless');
    let readBackBytes = 0;
    let readBacks = 0;
    await using endless = await startOddMirror(async (request, response) => {
      const { range } = request.headers;
      request.resume();
      // To probes and crawls it looks well.
      if (range !== undefined) response.writeHead(206, { 'content-range': 'bytes 0-0/100000' }).end('.');
      else if (request.method !== 'GET') response.writeHead(201).end();
      else if (request.url === '/') response.end();
      else {
        readBacks++;
        readBackBytes += await answerEndlessly(response, 200);
      }
    });
    const port = await freePort();
    await using registry = await startRegistry({
      mirrors: [
        { name: 'endless', url: endless.url, sameoperator: true, write: { webdav: endless.url } },
        {
          ...{ name: 'good', url: `http://127.0.0.1:${port}`, sameoperator: true },
          ...{ serve: `127.0.0.1:${port}`, write: { directory: join(home.path, 'good') } },
        },
      ],
    });
    await pushImage(registry.url, 'candidate/app', '1', [BYTES]);
    await promote(registry.url, 'candidate/app:1', 'app:1');
    const status = async () => (await (await fetch(`${registry.url}/api/v1/status`)).json()) as Status;
    let last: Status | undefined;
    await eventually(
      () => last,
      async () => {
        last = await status();
        const good = last.mirrors.find(({ name }) => name === 'good');
        return (
          good?.watermark === 1 &&
          last.problems.some((problem) => /endless.*its URL has more than \d+ bytes/.test(problem))
        );
      },
    );
    expect(last?.status).to.equal('degraded');
    expect(readBacks).to.be.greaterThan(0);
    expect(readBackBytes / readBacks, 'bytes for one read').to.be.below(IN_BETWEEN_BYTES);
  });
});

interface Status {
  readonly status: string;
  readonly problems: readonly string[];
  readonly mirrors: readonly { readonly name: string; readonly watermark: number }[];
}

async function* inPieces(): AsyncGenerator<Buffer> {
  for (let at = 0; at < BYTES.length; at += 10_000) yield BYTES.subarray(at, at + 10_000);
}

/**
 * Promise: a mirror gets no more of the worker's time, memory and traffic than the blob is worth, whatever it answers; it
 * shows as trouble, and the other mirrors get what is published.
 */
import { join } from 'node:path';
import { expect } from 'chai';
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
    target = new WebdavTarget({ url: mirror.url, patienceMs: PATIENCE_MS });
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

  /** What came of a call, which must be soon. */
  async function soon(call: Promise<unknown>): Promise<unknown> {
    const startedAt = performance.now();
    const result = await call.catch((error: Error) => error.message);
    expect(performance.now() - startedAt, 'ms').to.be.below(SOON_MS);
    return result;
  }

  it('that sends more than the blob is cut off, and does not hold it', async () => {
    const sent = sendingEndlessly(200);
    expect(await soon(patient.verify(BLOB, NEVER))).to.equal('bad');
    expect(await sent()).to.be.within(BYTES.length, IN_BETWEEN_BYTES);
  });

  for (const [what, bytes, result] of [
    ['what was written', BYTES, 'good'],
    ['other bytes of the same size', Buffer.alloc(BYTES.length), 'bad'],
    ['less', BYTES.subarray(1), 'bad'],
  ] as const)
    it(`that sends ${what} is ${result}`, async () => {
      mirror.behaviour = async (_, response) => void response.writeHead(200).end(bytes);
      expect(await soon(patient.verify(BLOB, NEVER))).to.equal(result);
    });

  for (const [status, result] of [
    [404, 'absent'],
    [302, 'absent'],
    [500, 'GET was answered with 500'],
  ] as const)
    it(`that sends a page without an end with a ${status} is cut off`, async () => {
      const sent = sendingEndlessly(status);
      expect(await soon(patient.verify(BLOB, NEVER))).to.equal(result);
      expect(await sent()).to.be.below(IN_BETWEEN_BYTES);
    });

  for (const [status, result] of [
    [201, undefined],
    [507, 'PUT was answered with 507'],
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
  for (const [what, behaviour, method] of [
    ['sends a blob a byte at a time', trickled, 'GET'],
    ['sends its headers a byte at a time', trickledHead, 'GET'],
    ['does not answer', () => undefined, 'GET'],
    ['takes no bytes', readsNothing, 'PUT'],
  ] as const)
    it(`that ${what} is given up`, async () => {
      mirror.behaviour = behaviour;
      const call = method === 'PUT' ? target.write(BLOB, inPieces(), NEVER) : target.verify(BLOB, NEVER);
      expect(await soon(call)).to.match(/the mirror is too slow|Timeout/);
      await eventually('its connection is closed', () => mirror.open.size === 0);
    });

  it('that is slow to say whether it has a blob is given up', async () => {
    mirror.behaviour = trickledHead;
    expect(await soon(target.has(BLOB, NEVER))).to.match(/^HEAD was not over within 1 s/);
  });

  it('is not called slow when the worker has to stop', async () => {
    mirror.behaviour = trickled;
    const stop = new AbortController();
    const call = patient.verify(BLOB, stop.signal);
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
          good?.watermark === 1 && last.problems.some((problem) => /endless.*reads back bad/.test(problem))
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

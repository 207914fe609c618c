/**
 * Promise: whoever sends or takes bytes more slowly than the least rate is cut, whatever part of a request they trickle,
 * and everyone else is served meanwhile; a client that is merely slow, or waits for us, is not cut.
 */
import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Listener, type ListenLimits, listen } from '../../services/http/listen.ts';
import { makePair, type Pair } from '../http/certificates.ts';
import { keepingLogger } from '../http/log-sink.ts';
import { eventually } from '../support/eventually.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { answered, closedWithin, rawConnection } from './raw.ts';

const GRACE_MS = 1000;
const RATE = 1000;
/** For clients that send all they have at once, and then wait for us. */
const SHORT_GRACE_MS = 500;
const WORK_MS = 4 * SHORT_GRACE_MS;
/** So much more than the grace may pass until a look finds that it is used up, on a busy machine. */
const LATE_MS = 6000;
/** More than sockets between two ends of one machine hold. */
const ANSWER_BYTES = 64 * 1024 * 1024;

const handler: RequestListener = (request, response) => {
  if (request.url === '/large') return void response.end(Buffer.alloc(ANSWER_BYTES));
  if (request.url === '/chunks') {
    const chunk = Buffer.alloc(64 * 1024);
    const write = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', write);
    return write();
  }
  if (request.url === '/think') return void setTimeout(() => response.end('thought'), WORK_MS);
  if (request.url === '/read-later')
    return void setTimeout(() => request.resume().once('end', () => response.end('read')), WORK_MS);
  request.resume().once('end', () => response.end('done'));
};

for (const isTls of [false, true])
  requires(['openssl'])(`slow clients over ${isTls ? 'TLS' : 'plain HTTP'}`, function () {
    this.timeout(60_000);
    const held = new AsyncDisposableStack();
    let pair: Pair | undefined;
    let port: number;
    const cuts: string[] = [];
    /** Listens until all is over; the port. */
    const start = async (graceMs: number): Promise<number> => {
      const limits: ListenLimits = {
        connections: { total: 1000, perClient: 1000, isExempt: () => false },
        pace: { bytesPerSecond: RATE, graceMs },
        closed: (reason) => void cuts.push(reason),
      };
      const { logger } = keepingLogger();
      const listener: Listener = held.use(
        await listen(handler, {
          ...{ host: '127.0.0.1', port: 0, limits },
          ...(pair && { tls: { ...pair, logger } }),
        }),
      );
      return Number(new URL(listener.url).port);
    };
    before(async () => {
      const home = held.use(await tempDir('slow'));
      pair = isTls ? await makePair(home.path, { name: 'slow' }) : undefined;
      port = await start(GRACE_MS);
    });
    after(() => held.disposeAsync());
    beforeEach(() => cuts.splice(0));
    const open = (reads = true, at = port) => rawConnection(at, { tls: isTls, reads });
    const head = (method: string, path: string, more = '') =>
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
    const isServed = async () => {
      using other = await open();
      other.socket.write(head('GET', '/', 'Connection: close\r\n'));
      await other.closed;
      return other.received().includes('200 OK') && other.received().endsWith('done');
    };
    /** Writes a byte every so often until closed. */
    const trickle = async (connection: Awaited<ReturnType<typeof open>>, text: string, everyMs: number) => {
      for (let i = 0; !connection.isClosed(); i++) {
        connection.socket.write(text[i % text.length] ?? ' ');
        await sleep(everyMs);
      }
    };

    for (const [what, framing] of [
      ['a length', 'Content-Length: 1000000\r\n'],
      ['chunks', 'Transfer-Encoding: chunked\r\n'],
    ] as const)
      it(`that trickle a body of ${what} are cut, and others are served`, async () => {
        using slow = await open();
        slow.socket.write(head('PUT', '/', framing));
        void trickle(slow, '1\r\nx\r\n', 50);
        expect(await isServed()).to.equal(true);
        await closedWithin(slow, GRACE_MS + LATE_MS);
        expect(cuts).to.deep.equal(['body']);
        expect(await isServed()).to.equal(true);
      });

    it('that send nothing more of a body are cut', async () => {
      using slow = await open();
      slow.socket.write(head('PUT', '/', 'Content-Length: 10\r\n'));
      await closedWithin(slow, GRACE_MS + LATE_MS);
      expect(cuts).to.deep.equal(['body']);
    });

    for (const path of ['/large', '/chunks'])
      it(`that take nothing of an answer are cut: ${path}`, async () => {
        using slow = await open(false);
        slow.socket.write(head('GET', path));
        slow.socket.pause();
        expect(await isServed()).to.equal(true);
        await eventually('it is cut', () => cuts.length > 0, GRACE_MS + LATE_MS + 4000);
        expect(cuts).to.deep.equal(['answer']);
      });

    it('that are no slower than the least rate are not cut', async () => {
      using slow = await open();
      slow.socket.write(head('PUT', '/', 'Content-Length: 8000\r\n'));
      for (let i = 0; i < 40; i++) {
        slow.socket.write('x'.repeat(200));
        await sleep(100);
      }
      await answered(slow);
      expect(slow.received()).to.include('200 OK');
      expect(cuts).to.deep.equal([]);
    });

    it('that read slowly but steadily get all of it', async () => {
      using slow = await open(false);
      slow.socket.write(head('GET', '/large', 'Connection: close\r\n'));
      let bytes = 0;
      let restedAt = 0;
      slow.socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        // Not after each chunk: those of TLS are small, and each rest takes longer on a busy machine.
        if (bytes - restedAt < 64 * 1024) return;
        restedAt = bytes;
        slow.socket.pause();
        setTimeout(() => slow.socket.resume(), 2);
      });
      await slow.closed;
      expect(bytes).to.be.above(ANSWER_BYTES);
      expect(cuts).to.deep.equal([]);
    });

    for (const [path, framing] of [
      ['/think', ''],
      ['/read-later', 'Content-Length: 500000\r\n'],
    ] as const)
      it(`that wait for us are not cut: ${path}`, async () => {
        using waiting = await open(true, await start(SHORT_GRACE_MS));
        waiting.socket.write(head(framing ? 'PUT' : 'GET', path, framing));
        if (framing) waiting.socket.write('x'.repeat(500_000));
        await answered(waiting);
        expect(waiting.received()).to.include('200 OK');
        expect(cuts).to.deep.equal([]);
      });
  });

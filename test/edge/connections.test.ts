/**
 * Promise: no client, and no crowd of them, takes all of a port's connections: what is beyond its share is not taken
 * before a byte of it is read, idle ones make room, and others are served throughout.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Listener, type ListenLimits, listen } from '../../services/http/listen.ts';
import { networkTest } from '../../services/registry/access/networks.ts';
import { makePair } from '../http/certificates.ts';
import { keepingLogger } from '../http/log-sink.ts';
import { eventually } from '../support/eventually.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { closedWithin, type RawConnection, rawConnection } from './raw.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
const isDone = (connection: RawConnection) => connection.received().includes('done');

/** What a registry has, and what shows the same sooner. */
const HEADERS_TIMEOUT_SECONDS = { tls: 20, plain: 3 };

for (const isTls of [false, true])
  requires(['openssl'])(`connections over ${isTls ? 'TLS' : 'plain HTTP'}`, function () {
    this.timeout(90_000);
    let home: TempDir;
    const refusals: string[] = [];
    const held: Disposable[] = [];
    before(async () => {
      home = await tempDir('connections');
    });
    after(() => home[Symbol.asyncDispose]());
    afterEach(() => {
      for (const each of held.splice(0)) each[Symbol.dispose]();
      refusals.splice(0);
    });

    async function open(
      connections: Omit<ListenLimits['connections'], 'isExempt'>,
      exempt: readonly string[] = [],
      headersTimeoutMs?: number,
    ): Promise<{ listener: Listener; port: number }> {
      const pair = isTls ? await makePair(home.path, { name: 'connections' }) : undefined;
      const listener = await listen((_, response) => void response.end('done'), {
        ...{ host: '127.0.0.1', port: 0, headersTimeoutMs },
        ...(pair && { tls: { ...pair, logger: keepingLogger().logger } }),
        limits: {
          connections: { ...connections, isExempt: networkTest(exempt) },
          closed: (reason, address) => void refusals.push(`${reason} ${address}`),
        },
      });
      return { listener, port: Number(new URL(listener.url).port) };
    }
    const connect = async (port: number, from?: string): Promise<RawConnection> => {
      const connection = await rawConnection(port, { tls: isTls, ...(from !== undefined && { from }) });
      held.push(connection);
      return connection;
    };
    const several = async (port: number, count: number, from?: string) => {
      const connections: RawConnection[] = [];
      for (let i = 0; i < count; i++) connections.push(await connect(port, from));
      return connections;
    };
    const isServed = async (port: number, from?: string) => {
      using other = await connect(port, from);
      other.socket.write(`${HEAD}Connection: close\r\n\r\n`);
      await closedWithin(other, 10_000);
      return other.received().includes('200 OK');
    };
    /** A refused one may look open for a moment: the system has taken it before the program could refuse. */
    const openOf = async (connections: readonly RawConnection[]) => {
      const count = () => connections.filter((each) => !each.isClosed()).length;
      for (let before = Number.NaN; before !== count(); ) {
        before = count();
        await sleep(300);
      }
      return count();
    };

    it('of one client are taken up to its share, and others have the rest', async () => {
      const { listener, port } = await open({ total: 20, perClient: 10 });
      await using _ = listener;
      const greedy = await several(port, 15, '127.0.0.2');
      expect(await openOf(greedy)).to.equal(10);
      expect(refusals).to.deep.equal(Array.from({ length: 5 }, () => 'client 127.0.0.2'));
      expect(await isServed(port, '127.0.0.3')).to.equal(true);
      expect(await isServed(port, '127.0.0.2')).to.equal(false);
      for (const each of greedy.slice(0, 5)) each[Symbol.dispose]();
      await eventually('there is room again', () => isServed(port, '127.0.0.2'));
    });

    it('that are idle are closed for the next one of the same client, and those of others stay', async () => {
      const { listener, port } = await open({ total: 100, perClient: 5 });
      await using _ = listener;
      const [own, others] = [await several(port, 5, '127.0.0.2'), await several(port, 2, '127.0.0.3')];
      for (const each of [...own, ...others]) each.socket.write(`${HEAD}\r\n`);
      await eventually('each is answered', () => [...own, ...others].every(isDone));
      expect(await isServed(port, '127.0.0.2')).to.equal(true);
      expect(await openOf(own)).to.equal(0);
      expect(await openOf(others)).to.equal(2);
      expect(refusals).to.deep.equal([]);
    });

    it('of proxies and trusted networks are those of many clients', async () => {
      const { listener, port } = await open({ total: 100, perClient: 10 }, ['127.0.0.2/32']);
      await using _ = listener;
      expect(await openOf(await several(port, 30, '127.0.0.2'))).to.equal(30);
    });

    it('that are idle are closed when there are too many in all, to make room for the next', async () => {
      const { listener, port } = await open({ total: 10, perClient: 10 });
      await using _ = listener;
      const idle = await several(port, 10, '127.0.0.2');
      for (const each of idle) each.socket.write(`${HEAD}\r\n`);
      await eventually('each is answered', () => idle.every(isDone));
      expect(await isServed(port, '127.0.0.3')).to.equal(false);
      expect(refusals).to.deep.equal(['total 127.0.0.3']);
      expect(await isServed(port, '127.0.0.3')).to.equal(true);
    });

    it('that are idle are the first to go: they are closed before anybody is refused', async () => {
      const { listener, port } = await open({ total: 100, perClient: 100 });
      await using _ = listener;
      const idle = await several(port, 98, '127.0.0.2');
      for (const each of idle) each.socket.write(`${HEAD}\r\n`);
      await eventually('each is answered', () => idle.every(isDone));
      const busy = await several(port, 10, '127.0.0.3');
      expect(await openOf(busy)).to.equal(10);
      expect(await openOf(idle)).to.equal(0);
      expect(refusals).to.deep.equal([]);
    });

    const seconds = HEADERS_TIMEOUT_SECONDS[isTls ? 'tls' : 'plain'];
    it(`that trickle their headers, or never say anything, end after ${seconds} s, and others are served all the while`, async () => {
      const timeoutMs = isTls ? undefined : seconds * 1000;
      const { listener, port } = await open({ total: 1000, perClient: 500 }, [], timeoutMs);
      await using _ = listener;
      const slow = await several(port, 200, '127.0.0.2');
      // Over TLS, one that does not even shake hands.
      const silent = await rawConnection(port);
      held.push(silent);
      let isOver = false;
      // Within the short time of plain HTTP, the lines after the first have their turn only if those come at once.
      const first = isTls ? [...HEAD] : [HEAD];
      const trickling = (async () => {
        for (let i = 0; !isOver; i++) {
          for (const each of slow) if (!each.isClosed()) each.socket.write(first[i] ?? `X-${i}: a\r\n`);
          expect(await isServed(port, '127.0.0.3')).to.equal(true);
          await sleep(500);
        }
      })();
      await Promise.all([silent, ...slow].map((each) => closedWithin(each, isTls ? 45_000 : 15_000)));
      isOver = true;
      await trickling;
    });
  });

describe('requests of too many or too large headers', () => {
  let listener: Listener;
  let port: number;
  before(async () => {
    listener = await listen((request, response) => void response.end(String(request.rawHeaders.length / 2)), {
      ...{ host: '127.0.0.1', port: 0 },
    });
    port = Number(new URL(listener.url).port);
  });
  after(() => listener[Symbol.asyncDispose]());
  const ask = async (lines: string) => {
    using connection = await rawConnection(port);
    connection.socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}\r\n`);
    await closedWithin(connection, 10_000);
    return connection.received();
  };
  const several = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: a\r\n`).join('');

  it('are taken up to 200 of them, and all are seen', async () => {
    expect(await ask(several(198))).to.match(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n200$/);
  });

  it('are answered with 431 beyond that, and in words', async () => {
    const answer = await ask(several(199));
    expect(answer)
      .to.match(/^HTTP\/1\.1 431 /)
      .and.to.include('at most 200 are allowed');
    expect(await ask(several(3000))).to.match(/^HTTP\/1\.1 431 /);
  });

  it('are answered with 431 beyond 32 KiB', async () => {
    expect(await ask(`X: ${'a'.repeat(30_000)}\r\n`)).to.match(/^HTTP\/1\.1 200 /);
    expect(await ask(`X: ${'a'.repeat(40_000)}\r\n`)).to.match(/^HTTP\/1\.1 431 /);
  });
});

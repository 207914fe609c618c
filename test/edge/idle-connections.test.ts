/**
 * Promise: an idle connection outlives those that usual proxies keep, so that no proxy sends a request into one that is
 * closing; the operator may say otherwise; and nobody waits for idle connections when a process ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Listener, type ListenOptions, listen } from '../../services/http/listen.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry } from '../support/registry.ts';
import { nightly } from '../support/requirements.ts';
import { closedWithin, type RawConnection, rawConnection } from './raw.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** What Envoy keeps idle connections for, the longest of the usual proxies. */
const ENVOY_SECONDS = 3600;

const open = (options: Pick<ListenOptions, 'idleTimeoutMs'> = {}): Promise<Listener> =>
  listen((_, response) => void response.end('done'), { host: '127.0.0.1', port: 0, ...options });

/** A connection on which one request was answered. */
async function idleAt(url: string): Promise<RawConnection> {
  const connection = await rawConnection(Number(new URL(url).port));
  connection.socket.write(REQUEST);
  await eventually('it is answered', () => connection.received().includes('done'));
  return connection;
}

const keptSeconds = (answer: string) => Number(/^keep-alive: timeout=(\d+)/im.exec(answer)?.[1]);

describe('an idle connection', () => {
  it('is kept for longer than a proxy keeps it by default, and the client learns for how long', async () => {
    await using listener = await open();
    using connection = await idleAt(listener.url);
    expect(keptSeconds(connection.received())).to.be.above(ENVOY_SECONDS);
  });

  it('is closed when its time is over', async () => {
    await using listener = await open({ idleTimeoutMs: 1000 });
    using connection = await idleAt(listener.url);
    expect(keptSeconds(connection.received())).to.equal(1);
    expect(await closedWithin(connection, 10_000)).to.be.above(800);
  });

  it('is closed at once when the process drains', async () => {
    await using listener = await open();
    using connection = await idleAt(listener.url);
    const startedAt = performance.now();
    await Promise.all([listener.drain(30_000), closedWithin(connection, 5000)]);
    expect(performance.now() - startedAt).to.be.below(5000);
  });

  it('is kept for as long as http.idletimeout says', async () => {
    await using registry = await startRegistry({
      promotion: false,
      config: (config) => ({ ...config, http: { ...(config['http'] as object), idletimeout: '77s' } }),
    });
    const answer = await fetch(`${registry.url}/v2/`);
    expect(answer.headers.get('keep-alive')).to.equal('timeout=77');
  });
});

nightly(describe)('a connection that is idle for longer than a silent transfer may be', () => {
  it('is still good for a request', async function () {
    this.timeout(200_000);
    await using listener = await open();
    using connection = await idleAt(listener.url);
    await sleep(150_000);
    connection.socket.write(REQUEST);
    const isAnswered = () => connection.received().split('done').length >= 3;
    await eventually('it is answered, or closed', () => isAnswered() || connection.isClosed());
    expect(connection.isClosed()).to.equal(false);
  });
});

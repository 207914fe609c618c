/** Promise: with limits set, a client or an account that asks too much is told so and when to come back, and nobody else. */
import { expect } from 'chai';
import { clientKeyOf } from '../../services/registry/access/client-key.ts';
import { RateLimit } from '../../services/registry/access/rate-limit.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { rawConnection } from './raw.ts';

const PROXY = '127.0.0.5/32';

describe('requests a second', () => {
  let registry: TestRegistry;
  before(async function () {
    this.timeout(60_000);
    registry = await startRegistry({
      promotion: false,
      config: (config) => ({
        ...config,
        auth: { none: {} },
        http: { ...(config['http'] as object), trustedproxies: [PROXY] },
        limits: { requestspersecond: { client: 2 }, trustednetworks: ['127.0.0.9/32'] },
      }),
    });
  });
  after(() => registry[Symbol.asyncDispose]());

  /** The statuses of so many requests, one after the other on one connection, and the last answer. */
  async function statuses(
    count: number,
    from: string,
    path = '/v2/',
    forwarded = '',
  ): Promise<[string[], string]> {
    const port = Number(new URL(registry.url).port);
    using connection = await rawConnection(port, { from });
    for (let i = 0; i < count; i++) {
      const before = connection.received().length;
      connection.socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${forwarded}\r\n`);
      const isAnswered = () => /\r\n\r\n.+/s.test(connection.received().slice(before));
      await eventually('it is answered', isAnswered, 15_000, 2);
    }
    const text = connection.received();
    return [[...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status ?? ''), text];
  }

  it('of a client beyond its number are 429 with Retry-After, in the words of the specification', async () => {
    const [answers, text] = await statuses(30, '127.0.0.2');
    expect(answers.slice(0, 10)).to.deep.equal(Array.from({ length: 10 }, () => '200'));
    expect(answers.filter((status) => status === '429')).to.have.length.above(10);
    expect(text)
      .to.match(/\r\nRetry-After: 1\r\n/i)
      .and.to.include('"code":"TOOMANYREQUESTS"');
  });

  it('of others are served during that, and of trusted networks, and of load balancers', async () => {
    const [others] = await statuses(5, '127.0.0.3');
    const [trusted] = await statuses(50, '127.0.0.9');
    const [health] = await statuses(50, '127.0.0.2', '/livez');
    for (const each of [others, trusted, health]) expect(new Set(each)).to.deep.equal(new Set(['200']));
  });

  it('are those of one client within a /64, whichever of its addresses it takes', async () => {
    const of = async (address: string) =>
      (await statuses(8, '127.0.0.5', '/v2/', `X-Forwarded-For: ${address}\r\n`))[0];
    const all = [...(await of('2001:db8::1')), ...(await of('2001:db8::2')), ...(await of('2001:db8::3:4'))];
    expect(all.filter((status) => status === '429')).to.have.length.above(5);
    expect(new Set(await of('2001:db8:0:1::1'))).to.deep.equal(new Set(['200']));
  });

  it('are counted by the metrics', async () => {
    const metrics = await (await fetch(`${registry.debugUrl}/metrics`)).text();
    expect(metrics).to.match(/roadstead_http_limited_requests_total\{by="client"\} [1-9]/);
  });
});

describe('a rate', () => {
  it('is kept to by clients that ask evenly, and by those that ask in bursts', () => {
    const limit = new RateLimit({ perSecond: 10, burst: 5 });
    let [taken, atMs] = [0, 1000];
    for (; atMs < 11_000; atMs += 10) if (limit.take('greedy', atMs) === 0) taken++;
    expect(taken).to.be.within(103, 106);
    for (let i = 0; i < 50; i++) expect(limit.take('even', 1000 + i * 100)).to.equal(0);
    for (let i = 0; i < 5; i++) expect(limit.take('burst', 60_000)).to.equal(0);
    expect(limit.take('burst', 60_000)).to.be.closeTo(100, 1);
    expect(limit.take('burst', 60_101)).to.equal(0);
  });

  it('is kept for a bounded number of clients', () => {
    const limit = new RateLimit({ perSecond: 1, burst: 1 });
    for (let i = 0; i < 150_000; i++) limit.take(`client ${i}`, 1000);
    expect(limit.take('client 0', 1000)).to.equal(0);
    expect(limit.take('client 149999', 1000)).to.be.above(0);
  });
});

describe('what a client counts as', () => {
  for (const [address, key] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
    ['a'.repeat(1000), 'a'.repeat(45)],
  ] as const)
    it(`${address.slice(0, 40)} is ${key}`, () => expect(clientKeyOf(address)).to.equal(key));
});

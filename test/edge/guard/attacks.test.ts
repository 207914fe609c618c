/**
 * Promise: real processes keep letting in who is known, and owners at new addresses, while others guess at their account or
 * flood the door with made-up names from ever new addresses.
 */
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { eventually } from '../../support/eventually.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import { requires } from '../../support/requirements.ts';
import { type TempDir, tempDir } from '../../support/temp.ts';

/** The usual cost, and so tens of milliseconds a login. */
const COST = 10;
const PEOPLE = Array.from({ length: 12 }, (_, i) => `person${i}`);

interface Answer {
  readonly status: number;
  readonly retryAfterSeconds: number;
}

/** A login from an address of 127/8. */
function logIn(url: string, localAddress: string, name: string, password: string): Promise<Answer> {
  const headers = { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/v2/`, { headers, localAddress, agent: false });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      response.resume();
      response.once('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          retryAfterSeconds: Number(response.headers['retry-after'] ?? 0),
        });
      });
    });
    outgoing.end();
  });
}

/** Runs loops beside `act`, until it ends. */
async function beside<T>(loops: readonly (() => Promise<unknown>)[], act: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const running = loops.map(async (loop) => {
    // A connection that is refused is no reason to give up an attack.
    while (!stop.signal.aborted) await loop().catch(() => sleep(5));
  });
  try {
    return await act();
  } finally {
    stop.abort();
    await Promise.all(running);
  }
}

async function startNode(home: TempDir, redis?: RedisServer): Promise<TestRegistry> {
  const path = join(home.path, 'htpasswd');
  return startRegistry({
    promotion: false,
    config: (config) => ({
      ...config,
      http: { ...(config['http'] as object), secret: 'a secret that nobody guesses, of many characters' },
      auth: { htpasswd: { realm: 'here', path } },
      ...(redis && { redis: { addr: redis.address } }),
    }),
  });
}

describe('an account that others guess at', function () {
  this.timeout(120_000);

  it('lets its owner in at once from each new address, however often the others come back', async () => {
    await using home = await tempDir('guard');
    await writeFile(join(home.path, 'htpasswd'), `alice:${hashSync('right', 4)}\n`);
    await using registry = await startNode(home);
    let guesses = 0;
    const guess = async (from: string) => {
      const answer = await logIn(registry.url, from, 'alice', `guess ${guesses++}`);
      return answer.status;
    };
    const statuses: number[] = [];
    for (let i = 0; i < 110; i++) statuses.push(await guess(`127.0.10.${1 + (i % 22)}`));
    expect(statuses.filter((status) => status === 401)).to.have.lengthOf.within(5, 20);
    let polls = 0;
    const poll = async () => {
      polls++;
      await guess(`127.0.11.${1 + (polls % 200)}`);
    };
    await beside([poll, poll], async () => {
      for (const address of ['127.0.20.1', '127.1.20.1', '127.2.20.1', '127.3.20.1']) {
        await sleep(500);
        expect((await logIn(registry.url, address, 'alice', 'right')).status, address).to.equal(200);
      }
    });
    expect(polls).to.be.above(50);
  });

  it('answers a guess that has to wait no otherwise for being right, while its owner is at work', async () => {
    await using home = await tempDir('guard');
    await writeFile(join(home.path, 'htpasswd'), `alice:${hashSync('right', 4)}\n`);
    await using registry = await startNode(home);
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++)
      statuses.push((await logIn(registry.url, '127.0.10.1', 'alice', `guess ${i}`)).status);
    expect(statuses.at(-1)).to.equal(429);
    expect((await logIn(registry.url, '127.9.20.1', 'alice', 'right')).status).to.equal(200);
    expect((await logIn(registry.url, '127.0.10.1', 'alice', 'right')).status).to.equal(429);
    expect((await logIn(registry.url, '127.9.20.1', 'alice', 'right')).status).to.equal(200);
  });
});

requires(['redis-server', 'redis-cli'])('a door that is flooded with made-up names', function () {
  this.timeout(180_000);
  let home: TempDir;
  let redis: RedisServer;
  const nodes: TestRegistry[] = [];
  before(async () => {
    home = await tempDir('guard-flood');
    const lines = [...PEOPLE, 'alice'].map((name) => `${name}:${hashSync('right', COST)}\n`);
    await writeFile(join(home.path, 'htpasswd'), lines.join(''));
    redis = await startRedis();
    for (let i = 0; i < 2; i++) nodes.push(await startNode(home, redis));
  });
  after(async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  it('lets in everyone who is known, and the owner of an account at a new address within a minute', async () => {
    const [here, there] = nodes as [TestRegistry, TestRegistry];
    for (const name of PEOPLE)
      expect((await logIn(here.url, '127.0.30.1', name, 'right')).status).to.equal(200);
    let count = 0;
    const statuses = new Map<number, number>();
    const flood = async () => {
      const i = count++;
      const from = `127.${1 + (i % 8)}.${i % 250}.${1 + (Math.floor(i / 250) % 250)}`;
      const { status } = await logIn(there.url, from, `made-up-${i}`, 'x');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    };
    await beside(
      Array.from({ length: 60 }, () => flood),
      async () => {
        const isFlooded = () => [401, 429].every((status) => (statuses.get(status) ?? 0) > 20);
        await eventually('the door is flooded', isFlooded, 60_000);
        // This node has not seen their passwords: each login costs a hash.
        for (const name of PEOPLE)
          expect((await logIn(there.url, '127.0.30.1', name, 'right')).status, name).to.equal(200);
        const startedAt = performance.now();
        for (;;) {
          const { status, retryAfterSeconds } = await logIn(there.url, '127.200.1.1', 'alice', 'right');
          if (status === 200) break;
          expect(performance.now() - startedAt, 'waiting').to.be.below(60_000);
          await sleep(1000 * retryAfterSeconds);
        }
      },
    );
    expect(statuses.get(429), 'the queue was full').to.be.above(20);
    expect(statuses.get(401), 'hashes were computed').to.be.above(20);
  });

  it('leaves no key in Redis that lives for ever', async () => {
    const keys = (await redis.cli('keys', '*login-*')).split('\n').filter((key) => key !== '');
    expect(keys).to.have.length.above(20);
    const ttls = (
      await redis.cli(
        'eval',
        "local t = {} for i, k in ipairs(redis.call('KEYS', '*login-*')) do t[i] = redis.call('PTTL', k) end return t",
        '0',
      )
    )
      .split('\n')
      .map(Number);
    expect(ttls.filter((ttl) => !(ttl > 0 && ttl <= 8 * 24 * 3_600_000))).to.deep.equal([]);
  });
});

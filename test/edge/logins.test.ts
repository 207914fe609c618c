/**
 * Promise: guesses at the token service and at the door of `auth.htpasswd` are answered with 429 and when to come back,
 * at whichever node they are made, while the anonymous, other clients and whoever is logged in go on.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { type Answer, expectError, send } from '../protocol/wire.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { BASIC, NAME, SERVICE, startGuardedRegistry, tokenFor } from './guarded-registry.ts';

const basic = (password: string, name = NAME) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

/** Guesses until it is told to wait; how many were looked at. */
async function guess(url: string, path: string, name?: string): Promise<number> {
  for (let i = 0; i < 20; i++) {
    const answer = await send(url, path, {
      headers: { authorization: basic(`guess ${crypto.randomUUID()}`, name) },
    });
    if (answer.status === 401) continue;
    expectError(answer, 429, 'TOOMANYREQUESTS');
    expect(Number(answer.headers['retry-after'])).to.be.within(1, 300);
    return i;
  }
  throw new Error('nobody was told to wait');
}

describe('guessed passwords', function () {
  this.timeout(60_000);

  it('at the token service are answered with 429, and clients with a token keep working', async () => {
    await using registry = await startGuardedRegistry();
    const token = await tokenFor(registry.url, 'repository:candidate/a:pull');
    const tokenPath = `/auth/token?service=${SERVICE}`;
    // This client has logged in before, so only its own guesses at this account count.
    expect(await guess(registry.url, tokenPath)).to.be.within(5, 7);
    let refused: Answer | undefined;
    // A wait that is over by now lets one more be looked at, and doubles.
    await eventually('it has to wait', async () => {
      refused = await send(registry.url, tokenPath, { headers: { authorization: basic('any') } });
      return refused.status === 429;
    });
    expectError(refused as Answer, 429, 'TOOMANYREQUESTS');
    const form = new URLSearchParams({
      grant_type: 'password',
      username: NAME,
      password: 'x',
      service: SERVICE,
      client_id: 'a',
    });
    const posted = await send(registry.url, '/auth/token', {
      ...{ method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      body: Buffer.from(form.toString()),
    });
    expect(posted.status).to.equal(429);
    const pull = await send(registry.url, '/v2/', { headers: { authorization: `Bearer ${token}` } });
    expect(pull.status).to.equal(200);
    expect((await send(registry.url, tokenPath)).status).to.equal(200);
    expect((await send(registry.url, tokenPath, { headers: { authorization: BASIC } })).status).to.be.oneOf([
      200, 429,
    ]);
  });

  it('at the door of auth.htpasswd are, too', async () => {
    await using home = await tempDir('logins');
    const path = join(home.path, 'htpasswd');
    await writeFile(path, `${NAME}:${hashSync('right', 4)}\nbob:${hashSync('right', 4)}\n`);
    await using registry = await startRegistry({
      promotion: false,
      config: (config) => ({ ...config, auth: { htpasswd: { realm: 'here', path } } }),
    });
    expect(await guess(registry.url, '/v2/')).to.be.within(5, 7);
    const other = () => send(registry.url, '/v2/', { headers: { authorization: basic('right', 'bob') } });
    for (let i = 0; i < 20; i++) expect((await other()).status).to.equal(200);
  });

  it('of an account that nobody has are answered as those of one that somebody has', async () => {
    await using registry = await startGuardedRegistry();
    const path = `/auth/token?service=${SERVICE}`;
    const looks = [await guess(registry.url, path), await guess(registry.url, path, 'nobody-of-this-name')];
    expect(looks[0]).to.be.closeTo(looks[1] ?? 0, 1);
  });
});

requires(['redis-server', 'redis-cli'])('guessed passwords over several nodes', function () {
  this.timeout(60_000);
  let redis: RedisServer;
  const nodes: TestRegistry[] = [];
  before(async () => {
    redis = await startRedis();
    for (let i = 0; i < 2; i++)
      nodes.push(await startGuardedRegistry({}, { redis: { addr: redis.address } }));
  });
  after(async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  it('are counted together', async () => {
    const [here, there] = nodes as [TestRegistry, TestRegistry];
    const path = `/auth/token?service=${SERVICE}`;
    expect(await guess(here.url, path)).to.be.within(5, 7);
    expect(await guess(there.url, path)).to.be.within(0, 1);
  });

  it('leave neither names nor passwords in Redis', async () => {
    const keys = await redis.cli('keys', '*');
    expect(keys).to.include('attempts').and.not.to.include(NAME).and.not.to.include('127.0.0.1');
  });
});

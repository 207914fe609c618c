/**
 * Promise: no secret is ever written into a log, at whatever level, by whatever goes wrong. All that our programs and
 * the mirrors' nginx write while the tests run is looked at, and the whole run fails when a secret was among it
 * (test/support/log-hooks.ts); here it is made sure that it is looked at and would be found, and secrets are brought to
 * every place from which one could get into a log.
 */
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { LogWatch, RUN, tellSecret, tellSecretsIn } from '../support/log-watch.ts';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { askToken, basic, PASSWORD, postToken, startTokenRegistry } from '../token/registry.ts';

const secretOf = (what: string) => `${what}-${crypto.randomUUID()}`;

describe('the watch over logs', () => {
  const jwt = `${Buffer.from('{"alg":"ES256","kid":"a"}').toString('base64url')}.${'a'.repeat(40)}.${'b'.repeat(86)}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (const [what, text] of [
    ['a token', jwt],
    ['a token in a header', `authorization: Bearer ${'x'.repeat(40)}`],
    ['a name and a password', `Authorization: ${basic('user1')}`],
    ['a secret of a robot', `rsr_${'s'.repeat(43)}`],
    ['a token of Keystone', `gAAAAA${'k'.repeat(180)}`],
    ['a private key in PEM', String(privateKey.export({ format: 'pem', type: 'pkcs8' }))],
    [
      'a private key as JSON in a string',
      JSON.stringify(JSON.stringify(privateKey.export({ format: 'jwk' }))),
    ],
    ['a signed URL', `https://s3.example.org/b/k?X-Amz-Signature=${'0'.repeat(64)}`],
    ['a password in a URL', 'redis://:hunter2@127.0.0.1:6379/'.replace('://:', '://user:')],
    ['a secret that it was told of', `{"msg":"told \\"me"}`],
    ['the same in base64', Buffer.from('told "me').toString('base64')],
    ['the same in a URL', '/?password=told%20%22me'],
  ] as const)
    it(`finds ${what}, in pieces and without a line's end, too`, () => {
      const watch = new LogWatch();
      watch.tellSecret('told "me', 'what was told');
      for (const pieces of [[`{"a":1}\nbefore ${text} after\n`], [...`before ${text} after`]]) {
        watch.leaks.length = 0;
        const log = watch.watch('a test');
        for (const piece of pieces) log.write(piece);
        log.end();
        expect(watch.leaks).to.have.length.above(0);
        expect(JSON.stringify(watch.leaks)).not.to.include('told \\\\\\"me');
      }
    });

  it('takes nothing else for a secret', () => {
    const watch = new LogWatch();
    const log = watch.watch('a test');
    log.write(
      'send a name and a password as Authorization: Basic authentication, in UTF-8\n' +
        'WWW-Authenticate: Bearer realm="http://127.0.0.1:5000/auth/token",service="registry"\n' +
        `{"digest":"sha256:${'a'.repeat(64)}","url":"http://127.0.0.1:5000/v2/"}\n`,
    );
    log.end();
    expect(watch.leaks).to.deep.equal([]);
  });
});

/** Until all that a registry has logged by now was looked at; throws when it is not looked at, or nothing would be found. */
async function lookedAt({ url }: TestRegistry): Promise<void> {
  const marker = `marker-${crypto.randomUUID()}`;
  tellSecret(marker, 'a marker');
  await fetch(`${url}/v2/${marker}/tags/list`);
  const isMarker = ({ kind }: { kind: string }) => kind === 'a marker';
  await eventually('what is logged is looked at', async () => RUN.leaks.some(isMarker));
  const others = RUN.leaks.filter((leak) => !isMarker(leak));
  RUN.leaks.splice(0, RUN.leaks.length, ...others);
}

describe('secrets in logs', () => {
  let leaksBefore = 0;
  beforeEach(() => {
    leaksBefore = RUN.leaks.length;
  });
  const expectNone = async (registry: TestRegistry) => {
    await lookedAt(registry);
    expect(RUN.leaks.slice(leaksBefore)).to.deep.equal([]);
  };

  for (const formatter of ['json', 'text', 'logstash'])
    it(`do not appear at level debug in the form ${formatter}, for right and wrong logins and any token`, async () => {
      await using running = await startTokenRegistry({ more: { log: { level: 'debug', formatter } } });
      const { registry } = running;
      const { url } = registry;
      const scope = 'repository:user1/a:pull,push,delete';
      const { token } = await askToken(url, [scope], 'user1', { offline_token: 'true' });
      const asUser = { grant_type: 'password', username: 'user1', password: `user1${PASSWORD}` };
      tellSecret(PASSWORD, 'the password of everybody');
      const posted = await postToken(url, { ...asUser, access_type: 'offline', scope });
      const refresh = String(posted.body['refresh_token']);
      expect(refresh).to.have.length.above(50);
      const again = { grant_type: 'refresh_token', refresh_token: refresh };
      expect((await postToken(url, again)).status).to.equal(200);
      expect(
        (await postToken(url, { ...again, refresh_token: `${refresh.slice(0, -9)}AAAAAAAAA` })).status,
      ).to.equal(401);

      // Typed into the wrong field, spelled badly, sent twice, in the query.
      const typed = secretOf('typed');
      tellSecret(typed, 'a password in the place of a name');
      const wrong = [
        basic(typed, 'x'),
        basic('user1', typed),
        basic(`robot+${typed}`, typed),
        `Basic ${typed}`,
        `Bearer ${typed}`,
        `Digest username="user1", response="${typed}"`,
        typed,
      ];
      for (const authorization of wrong)
        for (const path of ['/auth/token', '/v2/', '/v2/user1/a/tags/list', '/auth/robots'])
          expect((await fetch(`${url}${path}`, { headers: { authorization } })).status).to.be.oneOf([
            401, 429,
          ]);
      for (const path of [
        `/auth/token?password=${typed}&account=user1`,
        `/v2/https://user1:${typed}@registry.example.org/app/manifests/1`,
        `/v2/user1/a/tags/list?access_token=${token}&password=${typed}`,
      ])
        await fetch(`${url}${path}`);
      for (const body of [`{"password":"${typed}"}`, `password=${typed}&grant_type=${typed}`, `${typed}&&=`])
        await fetch(`${url}/auth/token`, {
          ...{ method: 'POST', body },
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        });

      // A robot's life, which ends in being refused.
      const administers = await askToken(url, ['registry:access:administer'], 'operator');
      const asOperator = { authorization: `Bearer ${administers.token}`, 'content-type': 'application/json' };
      const made = await fetch(`${url}/auth/robots`, {
        ...{ method: 'POST', headers: asOperator },
        body: JSON.stringify({ name: 'builder', groups: ['builders'] }),
      });
      expect(made.status).to.equal(201);
      const robot = (await made.json()) as { username: string; secret: string };
      const asRobot = { authorization: basic(robot.username, robot.secret) };
      expect(
        (await fetch(`${url}/auth/token?scope=repository:candidate/a:push`, { headers: asRobot })).status,
      ).to.equal(200);
      const bad = await fetch(`${url}/auth/robots`, {
        ...{ method: 'POST', headers: asOperator },
        body: JSON.stringify({ name: 'x', secret: typed, [typed]: typed }),
      });
      expect(bad.status).to.equal(400);

      // Tokens that are let in, that lack a right, and that are none; a push and a fault on its way.
      const bearer = { authorization: `Bearer ${token}` };
      const [method, headers] = ['POST', bearer];
      expect((await fetch(`${url}/v2/user1/a/blobs/uploads/`, { method, headers })).status).to.equal(202);
      expect((await fetch(`${url}/v2/user2/a/blobs/uploads/`, { method, headers })).status).to.equal(401);
      const forged = { authorization: `Bearer ${token.slice(0, -6)}AAAAAA` };
      expect((await fetch(`${url}/v2/user1/a/tags/list`, { headers: forged })).status).to.equal(401);
      await expectNone(registry);
      const byPart = [...RUN.seen].find(([source]) => source === 'cli main.ts serve');
      expect(byPart?.[1]).to.be.above(5000);
    });

  requires(['redis-server'])('of servers behind', () => {
    it('do not appear when Redis, Keystone, a receiver of events and a mirror refuse us or are down', async function () {
      this.timeout(60_000);
      const nowhere = `http://127.0.0.1:${await freePort()}`;
      const password = secretOf('redis');
      await using redis = await startRedis({ password: secretOf('another') });
      const sections = {
        log: { level: 'debug' },
        redis: { addr: redis.address, password },
        accounts: [
          {
            keystone: {
              authurl: `${nowhere}/v3`,
              ...{ applicationcredentialid: 'abc', applicationcredentialsecret: secretOf('keystone') },
            },
          },
        ],
        notifications: {
          endpoints: [
            {
              ...{ name: 'hook', timeout: '1s', threshold: 1, backoff: '1s' },
              url: `${nowhere}/hook?key=${told(secretOf('query'))}`,
              headers: { Authorization: [`Bearer ${told(secretOf('hook'))}`] },
            },
          ],
        },
        mirrors: [
          {
            ...{ name: 'gone', url: nowhere, sameoperator: true },
            write: { webdav: nowhere, username: 'sync', password: secretOf('mirror') },
          },
        ],
      };
      tellSecretsIn(sections, 'a configuration');
      await using running = await startTokenRegistry({ more: sections });
      const { url } = running.registry;
      const typed = told(secretOf('of-keystone'));
      const login = await fetch(`${url}/auth/token`, { headers: { authorization: basic('alice', typed) } });
      expect(login.status).to.equal(503);
      await eventually('each of them was told of', async () => {
        const log = JSON.stringify(running.registry.log());
        return /Redis/.test(log) && /Keystone/.test(log);
      });
      await expectNone(running.registry);
    });

    it('do not appear when the start fails because of the configuration', async () => {
      for (const http of [
        { secret: [told(secretOf('list'))] },
        { secret: { [told(secretOf('key'))]: 'x' } },
        { addr: told(`//user:${secretOf('addr')}@127.0.0.1`) },
      ]) {
        const start = startRegistry({
          config: (config) => ({ ...config, http: { ...(config['http'] as object), ...http } }),
        });
        expect(await start.then(() => 'started', String)).to.match(/http\.(?:secret|addr)/);
      }
      expect(RUN.leaks.slice(leaksBefore)).to.deep.equal([]);
    });
  });
});

function told(secret: string): string {
  tellSecret(secret, 'a secret of a test');
  return secret;
}

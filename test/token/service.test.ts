/**
 * Promise: the token service speaks Docker's token authentication and its form in OAuth 2.0, and grants of what is asked
 * exactly what the rules allow, however it is asked.
 */
import { expect } from 'chai';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { SecretBox } from '../../services/registry/storage/secret-box.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp.ts';
import {
  askToken,
  basic,
  claimsOf,
  ISSUER,
  PASSWORD,
  PEOPLE,
  postToken,
  SECRET,
  SERVICE,
  scopesOf,
  startTokenRegistry,
  type TokenRegistry,
} from './registry.ts';

const everyone = () => Object.fromEntries(PEOPLE.map((name) => [name, name + PASSWORD]));

describe('the token service', () => {
  const held = new AsyncDisposableStack();
  let running: TokenRegistry;
  let url: string;
  const keySet = async () => (await (await fetch(`${url}/auth/jwks.json`)).json()) as JSONWebKeySet;
  const grantedTo = async (name: string | undefined, ...scopes: string[]) => {
    const { status, token } = await askToken(url, scopes, name);
    expect(status).to.equal(200);
    return scopesOf(token);
  };

  before(async () => {
    running = held.use(await startTokenRegistry({ token: { services: ['other.test'] } }));
    url = running.registry.url;
  });
  after(() => held.disposeAsync());

  it('takes an empty name with an empty password for nobody, however often', async () => {
    for (let i = 0; i < 12; i++) {
      const response = await fetch(`${url}/auth/token?service=${SERVICE}`, {
        headers: { authorization: 'Basic Og==' },
      });
      expect(response.status).to.equal(200);
    }
  });

  it('asks for a token where nobody says who they are', async () => {
    const response = await fetch(`${url}/v2/`);
    expect(response.status).to.equal(401);
    expect(response.headers.get('www-authenticate')).to.equal(
      `Bearer realm="${url}/auth/token",service="${SERVICE}"`,
    );
    expect(response.headers.get('docker-distribution-api-version')).to.equal('registry/2.0');
  });

  it('asks for what a request needs, and of who pushes, for pull as well', async () => {
    const scopeOf = async (method: string, path: string) => {
      const response = await fetch(url + path, { method });
      expect(response.status, path).to.equal(401);
      return /scope="([^"]*)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1];
    };
    expect(await scopeOf('GET', '/v2/user1/a/manifests/1')).to.equal('repository:user1/a:pull');
    expect(await scopeOf('POST', '/v2/user1/a/blobs/uploads/')).to.equal('repository:user1/a:pull,push');
    expect(await scopeOf('DELETE', '/v2/user1/a/manifests/1')).to.equal('repository:user1/a:delete');
    expect(await scopeOf('GET', '/v2/_catalog')).to.equal('registry:catalog:*');
    expect(await scopeOf('GET', '/api/v1/status')).to.equal('registry:release:view');
  });

  it('makes tokens as Distribution has them, which its key set verifies', async () => {
    const { token, body, headers } = await askToken(url, ['repository:user1/a:pull,push'], 'user1');
    expect(body).to.include({ token, access_token: token, expires_in: 300 });
    expect(body).not.to.have.property('refresh_token');
    expect(headers.get('cache-control')).to.equal('no-store');
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(await keySet()), {
      issuer: ISSUER,
      audience: SERVICE,
    });
    expect(protectedHeader).to.include({ alg: 'ES256', typ: 'JWT' });
    expect(protectedHeader).not.to.have.any.keys('jwk', 'jku', 'x5u', 'x5c');
    expect(payload).to.include({ sub: 'user1', aud: SERVICE });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.equal(300);
    expect(payload['access']).to.deep.equal([
      { type: 'repository', name: 'user1/a', actions: ['pull', 'push'] },
    ]);
    expect(payload['roadstead']).to.deep.equal({ kind: 'user', rules: ['own', 'own'] });
  });

  it('lets in with a token, and shows nothing without the right one', async () => {
    const { token } = await askToken(url, ['repository:user1/a:pull'], 'user1');
    const get = (path: string) => fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
    expect((await get('/v2/')).status).to.equal(200);
    expect((await get('/v2/user1/a/tags/list')).status).to.equal(404);
    const refused = await get('/v2/user2/a/tags/list');
    expect(refused.status).to.equal(401);
    expect(refused.headers.get('www-authenticate')).to.match(/error="insufficient_scope"$/);
  });

  const GRANTS: readonly (readonly [who: string | undefined, asked: string[], granted: string[]])[] = [
    ['user1', [], []],
    ['user1', ['repository:user1/a:*'], ['repository:user1/a:pull,push,delete']],
    ['user1', ['repository:user2/a:pull,push,delete,promote,*'], []],
    [
      'user1',
      ['repository:user1/a:pull', 'repository:user1/b:push repository:user2/c:pull'],
      ['repository:user1/a:pull', 'repository:user1/b:push'],
    ],
    // Several shapes of one wish are one grant, and wishes for more do not carry others along.
    [
      'user1',
      ['repository:user1/a:pull', 'repository:user1/a:pull,pull', 'repository:user1/a:delete'],
      ['repository:user1/a:pull,delete'],
    ],
    ['user1', ['repository(plugin):user1/a:pull'], ['repository:user1/a:pull']],
    ['user1', ['repository:user1/a:admin', 'repository:user1/a:PULL', 'repository:user1/a:'], []],
    ['user1', ['repository:user1/../user2/a:pull', 'repository:user1%2fa:pull'], []],
    ['user1', ['repository:USER1/a:pull', 'repository:user1//a:pull', 'repository:/user1/a:pull'], []],
    ['user1', ['registry:user1/a:pull', 'repo:user1/a:pull', ':::', '*', '*:*:*', 'repository:*:pull'], []],
    ['user1', ['registry:catalog:*', 'registry:access:administer', 'registry:release:view'], []],
    ['operator', ['registry:catalog:*'], ['registry:catalog:*']],
    ['operator', ['registry:catalog:*,administer'], ['registry:catalog:*']],
    [
      'operator',
      ['registry:access:administer registry:release:view'],
      ['registry:access:administer', 'registry:release:view'],
    ],
    ['builder', ['repository:candidate/a:pull,push,promote'], ['repository:candidate/a:pull,push']],
    ['releaser', ['repository:stable/a:promote,push'], ['repository:stable/a:promote']],
    [undefined, ['repository:stable/a:pull,push'], ['repository:stable/a:pull']],
    [undefined, ['repository:candidate/a:pull', 'repository:user1/a:pull', 'registry:catalog:*'], []],
  ];
  for (const [who, asked, granted] of GRANTS)
    it(`grants ${who ?? 'the anonymous'} ${granted.join(' ') || 'nothing'} of ${asked.join(' & ') || 'nothing'}`, async () => {
      expect((await grantedTo(who, ...asked)).sort()).to.deep.equal([...granted].sort());
    });

  it('looks at a hundred scopes and no more', async () => {
    const filler = (count: number) =>
      Array.from({ length: count }, (_, i) => `repository:candidate/${i}:pull`);
    expect(await grantedTo(undefined, ...filler(99), 'repository:stable/a:pull')).to.have.lengthOf(1);
    expect(await grantedTo(undefined, ...filler(100), 'repository:stable/a:pull')).to.have.lengthOf(0);
  });

  it('refuses to make a token that no header holds', async () => {
    const scopes = Array.from({ length: 100 }, (_, i) => `repository:stable/${'x'.repeat(200)}${i}:pull`);
    const { status, body } = await askToken(url, scopes);
    expect(status).to.equal(400);
    expect(JSON.stringify(body)).to.include('request fewer');
  });

  it('distinguishes anonymous clients from unknown ones', async () => {
    const anonymous = await askToken(url, []);
    expect(claimsOf(anonymous.token)).to.include({ sub: '' });
    const wrong = await fetch(`${url}/auth/token?service=${SERVICE}`, {
      headers: { authorization: basic('user1', 'guessed') },
    });
    expect(wrong.status).to.equal(401);
    expect(wrong.headers.get('www-authenticate')).to.match(/^Basic /);
    const nobody = await fetch(`${url}/auth/token?service=${SERVICE}`, {
      headers: { authorization: basic('nobody', 'guessed') },
    });
    const bodies = [(await wrong.json()) as object, (await nobody.json()) as object];
    expect(bodies[0]).to.deep.equal(bodies[1]);
    for (const authorization of [
      'Basic',
      'Basic ?',
      'Bearer x',
      `Basic ${Buffer.from('user1').toString('base64')}`,
    ]) {
      const odd = await fetch(`${url}/auth/token`, { headers: { authorization } });
      expect(odd.status, authorization).to.equal(401);
    }
  });

  it('makes tokens for the configured services, and for no other', async () => {
    const audienceFor = async (service: string) => {
      const response = await fetch(`${url}/auth/token?${new URLSearchParams({ service })}`);
      const body = (await response.json()) as { token?: string };
      return body.token === undefined ? response.status : claimsOf(body.token)['aud'];
    };
    expect(await audienceFor('')).to.equal(SERVICE);
    expect(await audienceFor('other.test')).to.equal('other.test');
    expect(await audienceFor('third.test')).to.equal(400);
    expect((await fetch(`${url}/auth/token?service=${SERVICE}&service=other.test`)).status).to.equal(400);
    const { token } = await (async () => {
      const response = await fetch(`${url}/auth/token?service=other.test&scope=repository:stable/a:pull`);
      return (await response.json()) as { token: string };
    })();
    const elsewhere = await fetch(`${url}/v2/`, { headers: { authorization: `Bearer ${token}` } });
    expect(elsewhere.status).to.equal(401);
  });

  describe('in the form of OAuth 2.0', () => {
    const password = { grant_type: 'password', service: SERVICE, client_id: 'test' };
    const user1 = { ...password, username: 'user1', password: `user1${PASSWORD}` };

    it('makes tokens for names and passwords', async () => {
      const { status, token, body } = await postToken(url, {
        ...user1,
        scope: 'repository:user1/a:pull,push',
      });
      expect(status).to.equal(200);
      expect(body).to.include({
        token_type: 'Bearer',
        scope: 'repository:user1/a:pull,push',
        expires_in: 300,
      });
      expect(body).not.to.have.property('refresh_token');
      expect(scopesOf(token)).to.deep.equal(['repository:user1/a:pull,push']);
    });

    it('makes refresh tokens where they are asked for, which are good for tokens', async () => {
      const { body } = await postToken(url, { ...user1, access_type: 'offline' });
      const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) };
      const { status, token } = await postToken(url, { ...refresh, scope: 'repository:user1/a:pull' });
      expect(status).to.equal(200);
      expect(claimsOf(token)).to.include({ sub: 'user1' });
      expect(scopesOf(token)).to.deep.equal(['repository:user1/a:pull']);
      const viaGet = await askToken(url, [], 'user1', { offline_token: 'true' });
      expect(viaGet.body).to.have.property('refresh_token');
    });

    it('ends a refresh token when the password changes or the user goes', async () => {
      for (const people of [
        { ...everyone(), user1: 'another' },
        { ...everyone(), user1: undefined },
      ]) {
        await running.setPeople(everyone());
        await eventually('user1 is known again', async () => (await postToken(url, user1)).status === 200);
        const { body } = await postToken(url, { ...user1, access_type: 'offline' });
        const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) };
        expect((await postToken(url, refresh)).status).to.equal(200);
        const left = Object.entries(people).filter(
          (entry): entry is [string, string] => entry[1] !== undefined,
        );
        await running.setPeople(Object.fromEntries(left));
        await eventually('the login has ended', async () => (await postToken(url, refresh)).status === 401);
      }
      await running.setPeople(everyone());
      await eventually('user1 is known again', async () => (await postToken(url, user1)).status === 200);
    });

    it('takes no refresh token that it has not made', async () => {
      const { token, body } = await postToken(url, { ...user1, access_type: 'offline' });
      const refreshToken = String(body['refresh_token']);
      const flipped = `${refreshToken.slice(0, -2)}${refreshToken.endsWith('A') ? 'BB' : 'AA'}`;
      for (const refresh_token of ['', 'x', token, flipped, refreshToken.slice(0, 40), 'A'.repeat(20_000)])
        expect((await postToken(url, { grant_type: 'refresh_token', refresh_token })).status).to.equal(401);
    });

    it('takes no refresh token of an account that is called otherwise now', async () => {
      const { body } = await postToken(url, { ...user1, access_type: 'offline' });
      const box = new SecretBox([SECRET], 'refresh tokens');
      const opened = box.open(String(body['refresh_token']), 'refresh token')?.toString('utf8') ?? '';
      for (const [account, expected] of [
        ['user1', 200],
        ['operator', 401],
      ] as const) {
        const text = JSON.stringify({ ...(JSON.parse(opened) as object), account });
        const refresh_token = box.seal(Buffer.from(text), 'refresh token');
        const { status } = await postToken(url, { grant_type: 'refresh_token', refresh_token });
        expect(status, account).to.equal(expected);
      }
    });

    it('refuses what is no such form', async () => {
      expect((await postToken(url, { grant_type: 'client_credentials' })).status).to.equal(400);
      expect((await postToken(url, {})).status).to.equal(400);
      const twice = await fetch(`${url}/auth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `${new URLSearchParams(user1)}&username=operator`,
      });
      expect(twice.status).to.equal(400);
      const json = await fetch(`${url}/auth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(user1),
      });
      expect(json.status).to.equal(415);
      const large = await postToken(url, { ...user1, padding: 'x'.repeat(70_000) });
      expect(large.status).to.equal(400);
    });
  });

  it('writes neither passwords nor tokens into its log', async () => {
    const { token } = await askToken(url, ['repository:user1/a:pull'], 'user1');
    const { body } = await postToken(url, {
      ...{ grant_type: 'password', username: 'user1', password: `user1${PASSWORD}`, access_type: 'offline' },
    });
    await fetch(`${url}/v2/`, { headers: { authorization: `Bearer ${token}` } });
    const log = JSON.stringify(running.registry.log());
    expect(log).to.include('"user":"user1"');
    for (const secret of [
      PASSWORD,
      token.split('.')[2],
      String(body['refresh_token']),
      basic('user1').slice(6),
    ])
      expect(log).not.to.include(secret);
  });

  it('listens by itself, too, and signs what other nodes take', async () => {
    await using home = await tempDir('alone');
    const shared = { rootDirectory: home.path, people: running.people };
    await using api = await startTokenRegistry({ ...shared, command: 'api' });
    await using alone = await startTokenRegistry({ ...shared, command: 'token' });
    const { token } = await askToken(alone.registry.url, ['repository:user1/a:pull'], 'user1');
    // The node has not heard of its key before, and looks at once.
    const answer = await fetch(`${api.registry.url}/v2/user1/a/tags/list`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).to.equal(404);
    expect((await fetch(`${alone.registry.url}/v2/`)).status).to.equal(404);
  });
});

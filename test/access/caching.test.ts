/**
 * Promise: no shared cache keeps what depends on who asks. Every answer says who may keep it: nobody, unless the table here
 * says more; for every route, method, client and outcome.
 */
import { expect } from 'chai';
import type { ApiNode } from '../../services/api/node.ts';
import { apiRoutes } from '../../services/api/routes.ts';
import { OPEN_AUTHENTICATOR } from '../../services/http/access/authenticator.ts';
import { type Passes, passRoute } from '../../services/http/access/passes.ts';
import { healthRoutes, type Readiness } from '../../services/http/health.ts';
import { ENDPOINTS } from '../../services/release/endpoints.ts';
import { loginRoutes, robotRoutes, tokenRoutes } from '../../services/token/routes.ts';
import { rawConnection } from '../edge/raw.ts';
import { type Answer, type Sent, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { Content, Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry } from '../support/registry.ts';
import { type LeakWorld, type Person, pushBlobAs, pushManifestAs, startLeakWorld } from './leak-world.ts';

const NOBODY = 'no-store';
/** What successes of GET and HEAD allow; all other answers may be kept by nobody. */
const ALLOWED = new Map([
  ['/v2/*name/blobs/:digest', 'private, max-age=31536000, immutable'],
  ['/v2/*name/manifests/:reference', 'private, no-cache'],
  ['/origin/docker/registry/v2/blobs/:algorithm/:prefix/:hex/data', 'public, max-age=31536000, immutable'],
  ['/auth/jwks.json', 'public, max-age=5'],
]);
const SUCCESSES = [200, 206, 304];

const NOTHING = new Proxy({}, { get: () => undefined });
const PATHS = [
  ...new Set(
    [
      ...apiRoutes(NOTHING as ApiNode),
      passRoute(OPEN_AUTHENTICATOR, NOTHING as Passes),
      ...ENDPOINTS,
      ...tokenRoutes(NOTHING as Parameters<typeof tokenRoutes>[0]),
      ...robotRoutes(NOTHING as Parameters<typeof robotRoutes>[0]),
      ...loginRoutes(NOTHING as Parameters<typeof loginRoutes>[0]),
      ...healthRoutes(NOTHING as Readiness),
    ].map(({ path }) => path),
  ),
];
/** Deletes last: until then there is something to be asked for. */
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'TRACE', 'PROPFIND', 'DELETE'];

/** Checks who may keep an answer; returns whether it was one that somebody may keep. */
function expectCaching(path: string, method: string, { status, headers }: Answer, what: string): boolean {
  const isSuccess = SUCCESSES.includes(status) && (method === 'GET' || method === 'HEAD');
  const expected = (isSuccess && ALLOWED.get(path)) || NOBODY;
  expect(headers['cache-control'], `${what}: ${status}`).to.equal(expected);
  const varies = expected.startsWith('public') ? undefined : 'Authorization';
  expect(headers.vary, `${what}: ${status}`).to.equal(varies);
  return expected !== NOBODY;
}

describe('what caches may keep', function () {
  this.timeout(120_000);
  let world: LeakWorld;
  let published: Content;
  const tokens = new Map<Person, string>();

  before(async () => {
    world = await startLeakWorld();
    const { bearer, secret } = world;
    published = await pushBlobAs(bearer, 'ben', 'candidate/base', newBytes(100_000));
    const config = await pushBlobAs(bearer, 'ben', 'candidate/base', newBytes(100), MEDIA_TYPES.config);
    await pushManifestAs(bearer, 'ben', 'candidate/base', '1', new Image({ config, layers: [published] }));
    const body = Buffer.from(JSON.stringify({ source: 'candidate/base:1', target: 'stable/base:1' }));
    const promoted = await bearer.as('rita', {
      ...{
        method: 'POST',
        path: '/api/v1/promotions',
        body,
        headers: { 'content-type': 'application/json' },
      },
      scopes: ['repository:stable/base:promote', 'repository:candidate/base:pull'],
    });
    expect(promoted.body.toString()).to.include('"outcome":"promoted"');
    expect(promoted.headers['cache-control']).to.equal(NOBODY);
    for (const who of ['alice', 'bob', 'olga'] as const)
      tokens.set(
        who,
        await bearer.registry.token({ username: who, password: `the password of ${who}` }, [
          `repository:${secret.name}:pull,push,delete`,
          ...['registry:catalog:*', 'registry:release:view', 'registry:accounts:administer'],
        ]),
      );
  });
  after(() => world[Symbol.asyncDispose]());

  /** What a route's path is for the secret, or for what is not there. */
  function targetOf(path: string, isThere: boolean): string {
    const { secret } = world;
    const digest = isThere ? secret.layer.digest : `sha256:${'0'.repeat(64)}`;
    const origin = (isThere ? published.digest : digest).slice('sha256:'.length);
    const values: Readonly<Record<string, string>> = {
      '*name': isThere ? secret.name : 'alice/absent',
      ':digest': path.includes('referrers') ? secret.image.digest : digest,
      ':reference': isThere ? 'v1' : 'absent',
      ':id': isThere ? secret.uploadId : crypto.randomUUID(),
      ...{ ':algorithm': 'sha256', ':prefix': origin.slice(0, 2), ':hex': origin },
      ...{ ':name': isThere ? 'robot' : 'absent', '{seq}': isThere ? '1' : '999' },
    };
    return path.replaceAll(/\*name|:\w+|\{\w+\}/g, (variable) => values[variable] ?? variable);
  }

  it('is said of every route, whatever the method, the client and the outcome', async () => {
    expect(PATHS).to.have.length.above(25);
    const kept = new Map<string, number>();
    const outcomes = new Map<string, Set<number>>();
    const { bearer, basic } = world;
    for (const method of METHODS)
      for (const path of PATHS)
        for (const isThere of [true, false])
          for (const who of [undefined, 'bob', 'olga', 'alice'] as const) {
            const target = targetOf(path, isThere);
            const authorization = who && `Bearer ${tokens.get(who)}`;
            const sent: Sent = { method, headers: authorization === undefined ? {} : { authorization } };
            for (const answer of [
              await send(bearer.registry.url, target, sent),
              // With passwords, reads only: the two share their content.
              ...(method === 'GET' ? [await basic.as(who, { method, path: target })] : []),
            ]) {
              const what = `${method} ${target} by ${who}`;
              if (expectCaching(path, method, answer, what)) kept.set(path, (kept.get(path) ?? 0) + 1);
              const seen = outcomes.get(path) ?? new Set();
              outcomes.set(path, seen.add(answer.status));
            }
          }
    // Not vacuous: each that may be kept was there, and all outcomes were met.
    expect([...kept.keys()].sort()).to.deep.equal([...ALLOWED.keys()].sort());
    expect([...(outcomes.get('/v2/*name/blobs/:digest') ?? [])]).to.include.members([
      200, 202, 401, 404, 405,
    ]);
    expect([...(outcomes.get('/v2/_catalog') ?? [])]).to.include.members([200, 401]);
    expect([...(outcomes.get('/api/v1/publications/{seq}') ?? [])]).to.include.members([200, 401, 404]);
  });

  it('is less for errors, and as much for parts and for what has not changed', async () => {
    const { bearer } = world;
    const { digest } = await pushBlobAs(bearer, 'alice', 'alice/more', newBytes(100_000));
    const blob = '/v2/*name/blobs/:digest';
    const manifest = '/v2/*name/manifests/:reference';
    const image = await pushManifestAs(
      ...([bearer, 'alice', 'alice/more', 'v1'] as const),
      new Image({
        config: await pushBlobAs(bearer, 'alice', 'alice/more', newBytes(10), MEDIA_TYPES.config),
        layers: [await pushBlobAs(bearer, 'alice', 'alice/more', newBytes(10))],
      }),
    );
    for (const [path, target, status, sent] of [
      [blob, `/blobs/${digest}`, 206, { headers: { range: 'bytes=1-2' } }],
      [blob, `/blobs/${digest}`, 206, { headers: { range: 'bytes=1-2,5-6' } }],
      [blob, `/blobs/${digest}`, 416, { headers: { range: 'bytes=999999-' } }],
      [blob, '/blobs/sha256:short', 400, {}],
      [manifest, '/manifests/v1', 304, { headers: { 'if-none-match': `"${image.digest}"` } }],
      [manifest, `/manifests/${image.digest}`, 200, {}],
      [manifest, '/manifests/-', 400, {}],
      [manifest, '/manifests/v2', 413, { method: 'PUT', body: newBytes(5 * 1024 * 1024) }],
      ['/v2/*name/tags/list', '/tags/list?n=x', 400, {}],
    ] as const) {
      const scopes = ['repository:alice/more:pull,push'];
      const answer = await bearer.as('alice', { path: `/v2/alice/more${target}`, scopes, ...sent });
      expect(answer.status, target).to.equal(status);
      expectCaching(path, (sent as Sent).method ?? 'GET', answer, target);
    }
  });

  it('is everything that has a digest where everyone may do everything, and no more', async () => {
    await using registry = await startRegistry({ promotion: false });
    const config = await pushOpen(registry.url, newBytes(10));
    const image = new Image({ config, layers: [config] });
    const headers = { 'content-type': image.mediaType };
    await send(registry.url, '/v2/open/manifests/v1', { method: 'PUT', body: image.bytes, headers });
    for (const [target, expected] of [
      [`/v2/open/blobs/${config.digest}`, 'public, max-age=31536000, immutable'],
      ['/v2/open/manifests/v1', 'private, no-cache'],
      ['/v2/open/tags/list', NOBODY],
      ['/v2/_catalog', NOBODY],
      ['/v2/', NOBODY],
    ] as const) {
      const answer = await send(registry.url, target);
      expect(answer.status, target).to.equal(200);
      expect(answer.headers['cache-control'], target).to.equal(expected);
    }
  });

  it('is nothing of what never reaches a route: refused, limited, or below another path', async () => {
    await using registry = await startRegistry({
      promotion: false,
      config: (config) => ({
        ...config,
        http: {
          ...(config['http'] as object),
          prefix: '/registry',
          headers: { 'Access-Control-Allow-Origin': ['*'], Vary: ['Origin'] },
        },
        limits: { requestspersecond: { client: 1 } },
      }),
    });
    const port = Number(new URL(registry.url).port);
    const seen = new Set<number>();
    const ask = async (head: string) => {
      using connection = await rawConnection(port);
      connection.socket.write(`${head}\r\nConnection: close\r\n\r\n`);
      await connection.closed;
      const answer = connection.received();
      seen.add(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]));
      expect(answer, head).to.match(/^cache-control: no-store\r$/im);
      expect(answer, head).to.match(/^vary: .*Authorization\r$/im);
    };
    const host = 'Host: localhost';
    await ask(`GET /elsewhere HTTP/1.1\r\n${host}`);
    await ask(`GET /registry/v2/ HTTP/1.1\r\n${host}\r\n${host}`);
    await ask('GET /registry/v2/ HTTP/1.1');
    await ask(`GET /registry/v2/ HTTP/1.1\r\n${host}\r\nExpect: something`);
    await ask('GET /registry/v2/ HTTP/1.1\r\nHost: evil.example');
    await ask(`OPTIONS /registry/v2/ HTTP/1.1\r\n${host}`);
    for (let i = 0; i < 8; i++) await ask(`GET /registry/v2/ HTTP/1.1\r\n${host}`);
    expect([...seen].sort()).to.deep.equal([200, 400, 403, 404, 417, 429]);
    for (const path of ['/metrics', '/debug/health', '/livez', '/nothing']) {
      const answer = await send(registry.debugUrl, path);
      expect(answer.headers['cache-control'], path).to.equal(NOBODY);
    }
  });
});

async function pushOpen(url: string, bytes: Buffer): Promise<Content> {
  const content = new Content(bytes, MEDIA_TYPES.config);
  const path = `/v2/open/blobs/uploads/?digest=${content.digest}`;
  const headers = { 'content-type': 'application/octet-stream' };
  expect((await send(url, path, { method: 'POST', body: bytes, headers })).status).to.equal(201);
  return content;
}

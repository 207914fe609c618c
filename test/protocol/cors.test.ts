/**
 * Promise: a web page of an origin that `http.headers` names may list, read and delete, with credentials: its preflights,
 * which carry none, are answered as docker-registry answers them. Without such headers nothing is. What other origins
 * would change is in test/http/other-origins.test.ts.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from '../config/configs.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { expectError, send } from './wire.ts';

const ORIGIN = 'https://ui.example.org';
const HEADERS = {
  'Access-Control-Allow-Origin': [ORIGIN],
  'Access-Control-Allow-Methods': ['HEAD', 'GET', 'OPTIONS', 'DELETE'],
  'Access-Control-Allow-Headers': ['Authorization', 'Accept', 'Cache-Control'],
  'Access-Control-Allow-Credentials': ['true'],
  'Access-Control-Expose-Headers': ['Docker-Content-Digest'],
};
/** amy, with the password "pass". */
const USERS = 'amy:$2b$05$he8GGWzsepqKH.za5ghYZunQxTMqOH5lhgvpRLujFJD5f9JEcTMvy\n';
const CREDENTIALS = `Basic ${Buffer.from('amy:pass').toString('base64')}`;

/** Whether a browser lets a page of that origin send this request (Fetch standard, "CORS-preflight fetch"). */
async function maySend(
  url: string,
  origin: string,
  method: string,
  headers: readonly string[],
): Promise<boolean> {
  const { pathname, origin: base } = new URL(url);
  const answer = await send(base, pathname, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': headers.join(',').toLowerCase(),
    },
  });
  const list = (name: string) =>
    String(answer.headers[name] ?? '')
      .split(',')
      .map((each) => each.trim());
  return (
    answer.status >= 200 &&
    answer.status < 300 &&
    answer.headers['access-control-allow-origin'] === origin &&
    answer.headers['access-control-allow-credentials'] === 'true' &&
    list('access-control-allow-methods').includes(method) &&
    headers.every((header) =>
      list('access-control-allow-headers').some((allowed) => allowed.toLowerCase() === header.toLowerCase()),
    )
  );
}

describe('web pages of other origins', () => {
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  const start = async (headers: Record<string, string[]>) => {
    const home = held.use(await tempDir('cors'));
    await writeFile(join(home.path, 'htpasswd'), USERS);
    return held.use(
      await startRegistry({
        delete: true,
        promotion: false,
        config: (config) => ({
          ...config,
          http: { ...(config['http'] as object), headers },
          auth: { htpasswd: { realm: 'here', path: join(home.path, 'htpasswd') } },
        }),
      }),
    );
  };
  before(async () => {
    registry = await start(HEADERS);
  });
  after(() => held.disposeAsync());

  const target = `/v2/team/a/manifests/sha256:${'0'.repeat(64)}`;

  it('may do what the headers allow, and what the door lets their user do', async () => {
    const sent = ['Authorization', 'Accept'];
    for (const [path, method] of [
      [target, 'GET'],
      [target, 'DELETE'],
      ['/v2/_catalog', 'GET'],
      ['/v2/', 'GET'],
    ] as const) {
      expect(await maySend(registry.url + path, ORIGIN, method, sent), `${method} ${path}`).to.equal(true);
      const headers = { origin: ORIGIN, authorization: CREDENTIALS, accept: MEDIA_TYPES.image };
      const answer = await send(registry.url, path, { method, headers });
      expect(answer.status, path).to.be.oneOf([200, 404]);
      expect(answer.headers['access-control-allow-origin']).to.equal(ORIGIN);
      expect((await send(registry.url, path, { method, headers: { origin: ORIGIN } })).status).to.equal(401);
    }
  });

  it('may not do what the headers do not allow', async () => {
    expect(await maySend(registry.url + target, 'https://evil.example', 'GET', [])).to.equal(false);
    expect(await maySend(registry.url + target, ORIGIN, 'PUT', [])).to.equal(false);
    expect(await maySend(registry.url + target, ORIGIN, 'GET', ['X-Other'])).to.equal(false);
  });

  it('may do nothing where no origin is configured', async () => {
    const plain = await start({ 'X-Frame-Options': ['DENY'] });
    const headers = { origin: ORIGIN, 'access-control-request-method': 'GET' };
    const answer = await send(plain.url, target, { method: 'OPTIONS', headers });
    expectError(answer, 405, 'UNSUPPORTED');
    expect(answer.headers).not.to.have.property('access-control-allow-origin');
  });
});

describe('headers for other origins that browsers would not heed', () => {
  const noticesFor = (headers: string) =>
    parse(
      `version: 0.1\nstorage: {filesystem: {rootdirectory: /r}}\nhttp: {addr: "127.0.0.1:5000", headers: {${headers}}}`,
    ).notices;
  for (const [headers, told] of [
    ['Access-Control-Allow-Methods: [GET]', 'no effect without Access-Control-Allow-Origin'],
    ['access-control-allow-origin: [a, b]', 'browsers accept one origin'],
    ['Access-Control-Allow-Origin: ["*"], Access-Control-Allow-Credentials: [true]', 'name the origin'],
    [
      'Access-Control-Allow-Origin: ["*"], Access-Control-Allow-Methods: ["GET, DELETE"]',
      'none of them change anything',
    ],
  ] as const)
    it(`are named at the start: ${headers}`, () => {
      const notices = noticesFor(headers);
      expect(notices).to.have.length(1);
      expect(notices[0])
        .to.match(/^http\.headers/)
        .and.to.include(told);
    });

  it('are not named where they are heeded', () => {
    expect(
      noticesFor(`Access-Control-Allow-Origin: ["${ORIGIN}"], Access-Control-Allow-Methods: [GET]`),
    ).to.deep.equal([]);
    expect(
      noticesFor('Access-Control-Allow-Origin: ["*"], Access-Control-Allow-Methods: [GET, HEAD]'),
    ).to.deep.equal([]);
    expect(noticesFor('X-A: [b]')).to.deep.equal([]);
  });
});

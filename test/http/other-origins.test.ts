/**
 * Promise: a web page of another origin changes nothing at any port, whatever credentials its browser adds; pages of the
 * registry, those of origins that CORS names, and clients that are no browsers do as before.
 */
import { expect } from 'chai';
import { startGuardedRegistry, tokenFor } from '../edge/guarded-registry.ts';
import { expectError, type Sent, send } from '../protocol/wire.ts';
import { sha256 } from '../support/digest.ts';
import { freePort } from '../support/ports.ts';
import type { TestRegistry } from '../support/registry.ts';

const PUBLIC = 'https://registry.example.org';
const UI = 'https://ui.example.org';
const BYTES = Buffer.from('what a page would store');
const UPLOAD = `/v2/candidate/page/blobs/uploads/?digest=${sha256(BYTES)}`;
const BLOB = `/v2/candidate/page/blobs/${sha256(BYTES)}`;

describe('a change that a browser requests', () => {
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  let ports: Record<'api' | 'release' | 'token' | 'debug', string>;
  let authorization: string;

  before(async () => {
    const [release, token] = [await freePort(), await freePort()];
    registry = held.use(
      await startGuardedRegistry(
        { host: PUBLIC, headers: { 'access-control-allow-origin': [UI] } },
        {
          promotion: { candidates: ['candidate/**'], http: { addr: `127.0.0.1:${release}` } },
          token: { http: { addr: `127.0.0.1:${token}` } },
          auth: { token: { service: 'registry.test', issuer: 'us', realm: `${PUBLIC}/auth/token` } },
        },
      ),
    );
    ports = {
      api: registry.url,
      release: `http://127.0.0.1:${release}`,
      token: `http://127.0.0.1:${token}`,
      debug: registry.debugUrl,
    };
    authorization = `Bearer ${await tokenFor(ports.token, 'repository:candidate/page:pull,push,delete', 'registry:api:administer')}`;
  });
  after(() => held.disposeAsync());

  const change = (base: string, path: string, method: string, headers: Sent['headers'] = {}) =>
    send(base, path, { method, headers: { authorization, ...headers }, body: BYTES });
  const isStored = async () => (await send(ports.api, BLOB, { headers: { authorization } })).status === 200;

  for (const [port, method, path] of [
    ['api', 'POST', UPLOAD],
    ['api', 'PUT', '/v2/candidate/page/manifests/1'],
    ['api', 'PATCH', '/v2/candidate/page/blobs/uploads/7e0a5a3e-0000-4000-8000-000000000000'],
    ['api', 'DELETE', '/v2/candidate/page/manifests/1'],
    ['api', 'POST', '/nowhere'],
    ['release', 'POST', '/api/v1/promotions'],
    ['token', 'POST', '/auth/token'],
    ['token', 'POST', '/auth/robots'],
    ['token', 'POST', '/auth/robots/ci/rotate'],
    ['token', 'DELETE', '/auth/robots/ci'],
    ['debug', 'POST', '/metrics'],
  ] as const)
    it(`is refused to pages of other origins: ${method} ${path.replace(/\?.*/, '')} at the port "${port}"`, async () => {
      const { host, port: own } = new URL(ports[port]);
      for (const headers of [
        { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:9' },
        { 'sec-fetch-site': 'cross-site', origin: `http://${host}` },
        { 'sec-fetch-site': 'anything' },
        { origin: 'https://evil.example' },
        { origin: 'http://127.0.0.1:9' },
        { origin: `http://localhost:${own}` },
        { origin: `http://${host}.evil.example` },
        { origin: `${PUBLIC}.evil.example` },
        { origin: 'null' },
        { origin: '' },
        { origin: `${UI}, ${UI}` },
      ]) {
        const error = expectError(await change(ports[port], path, method, headers), 403, 'DENIED');
        expect(error.message, JSON.stringify(headers)).to.include('http.headers.Access-Control-Allow-Origin');
      }
      expect(await isStored()).to.equal(false);
      const answer = await change(ports[port], path, method);
      expect(answer.status, 'without a browser').to.not.equal(403);
      await send(ports.api, BLOB, { method: 'DELETE', headers: { authorization } });
    });

  it('is taken from pages of its own, of http.host, and of an origin that is named for CORS', async () => {
    const { host } = new URL(ports.api);
    for (const headers of [
      {},
      { 'sec-fetch-site': 'same-origin', origin: `http://${host}` },
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
      { origin: `http://${host}` },
      { origin: PUBLIC },
      { 'sec-fetch-site': 'cross-site', origin: UI },
      { origin: UI },
      // As Node's fetch marks its requests.
      { 'sec-fetch-mode': 'cors' },
    ])
      expect((await change(ports.api, UPLOAD, 'POST', headers)).status, JSON.stringify(headers)).to.equal(
        201,
      );
    expect(await isStored()).to.equal(true);
  });

  it('is no matter when it changes nothing: pages may be led here, and read what CORS lets them', async () => {
    const headers = { authorization, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    expect((await send(ports.api, '/v2/', { headers })).status).to.equal(200);
    expect((await send(ports.api, '/v2/', { headers, method: 'HEAD' })).status).to.equal(200);
    expect((await send(ports.api, UPLOAD, { headers, method: 'OPTIONS' })).status).to.equal(200);
  });

  it('is refused also where all origins may read', async () => {
    const headers = { 'Access-Control-Allow-Origin': ['*', 'null'] };
    await using open = await startGuardedRegistry({ headers });
    const token = `Bearer ${await tokenFor(open.url, 'repository:candidate/page:pull,push')}`;
    for (const sent of [
      { origin: UI },
      { origin: '*' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ])
      expectError(await change(open.url, UPLOAD, 'POST', { ...sent, authorization: token }), 403, 'DENIED');
    expect((await change(open.url, UPLOAD, 'POST', { authorization: token })).status).to.equal(201);
  });
});

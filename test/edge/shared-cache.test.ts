/**
 * Promise: a shared cache in front, which keeps every success that it may, gives nobody what another one was allowed: not by
 * a token, and not by an address.
 */
import { request } from 'node:http';
import { expect } from 'chai';
import { pushImage } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { askToken, startTokenRegistry } from '../token/registry.ts';
import { startNginxFront } from './nginx-front.ts';

const INSIDE = '127.0.0.2';
const everyone = { allow: ['pull'], subjects: ['everyone'] };
const RULES = [
  { name: 'all', allow: ['*'], subjects: ['user:operator'] },
  { ...everyone, name: 'inside', repositories: ['inside/**'], networks: [`${INSIDE}/32`] },
  { ...everyone, name: 'open', repositories: ['open/**'] },
];

requires(['nginx'])('nginx with proxy_cache', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let front: string;
  let token: string;
  const digests: Record<string, { layer: string; image: string }> = {};

  before(async () => {
    const open = held.use(await startRegistry());
    const { rootDirectory } = open;
    for (const name of ['closed', 'inside', 'open']) {
      const image = await pushImage(open.url, `candidate/${name}`, '1', [newBytes(100_000)]);
      digests[name] = { layer: image.layers[0]?.digest ?? '', image: image.digest };
      await open.cli(['promote', `candidate/${name}:1`, `${name}/app:1`]);
    }
    const port = await freePort();
    const { registry } = held.use(
      await startTokenRegistry({
        ...{ rootDirectory, port },
        http: { trustedproxies: ['127.0.0.1/32'], host: `http://127.0.0.1:${port}` },
        more: { promotion: { candidates: ['candidate/**'] }, access: { standard: false, rules: RULES } },
      }),
    );
    const location = 'proxy_set_header X-Forwarded-For $remote_addr;';
    const nginx = held.use(await startNginxFront({ upstream: registry.host, cache: true, location }));
    front = `http://127.0.0.1:${nginx.port}`;
    ({ token } = await askToken(
      registry.url,
      ['repository:closed/app:pull', 'registry:catalog:*', 'registry:release:view'],
      'operator',
    ));
  });
  after(() => held.disposeAsync());

  /** The status of an answer, and what the cache says of it. */
  function get(path: string, { as, from = '127.0.0.1' }: { as?: string; from?: string } = {}) {
    return new Promise<string>((resolve, reject) => {
      const headers = as === undefined ? {} : { authorization: `Bearer ${as}` };
      const outgoing = request(`${front}${path}`, { localAddress: from, agent: false, headers }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(`${answer.statusCode} ${answer.headers['x-cache'] ?? ''}`.trim()));
      });
      outgoing.once('error', reject);
      outgoing.end();
    });
  }

  const repositoryPaths = (name: string) => [
    `/v2/${name}/app/manifests/1`,
    `/v2/${name}/app/manifests/${digests[name]?.image}`,
    `/v2/${name}/app/tags/list`,
    `/v2/${name}/app/blobs/${digests[name]?.layer}`,
    `/v2/${name}/app/referrers/${digests[name]?.image}`,
  ];
  const originOf = (name: string) => {
    const hex = digests[name]?.layer.slice('sha256:'.length) ?? '';
    return `/origin/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
  };

  it('gives the anonymous nothing that somebody got by a token', async () => {
    const others = ['/v2/_catalog', '/api/v1/publications', '/api/v1/status', '/api/v1/publications/1'];
    for (const path of [...repositoryPaths('closed'), ...others]) {
      expect(await get(path), path).to.match(/^401/);
      for (let i = 0; i < 2; i++) expect(await get(path, { as: token }), path).to.equal('200 MISS');
      expect(await get(path), path).to.match(/^401/);
    }
  });

  it('gives nobody elsewhere what clients got by their address, without a login', async () => {
    for (const path of [...repositoryPaths('inside'), originOf('inside')]) {
      expect(await get(path), path).to.match(/^40[14]/);
      for (let i = 0; i < 2; i++) expect(await get(path, { from: INSIDE }), path).to.equal('200 MISS');
      expect(await get(path), path).to.match(/^40[14]/);
    }
  });

  it('keeps what everyone may have', async () => {
    for (const path of [originOf('open'), '/auth/jwks.json']) {
      expect(await get(path), path).to.equal('200 MISS');
      expect(await get(path, { from: INSIDE }), path).to.equal('200 HIT');
    }
  });
});

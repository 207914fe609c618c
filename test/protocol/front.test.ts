/**
 * Promise: what load balancers, charts and monitors that knew Distribution ask is answered as Distribution answers it,
 * without credentials: `/`, `/v2` and, on the debug port of every process, its health.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { listenDebug } from '../../services/http/debug.ts';
import { Readiness } from '../../services/http/health.ts';
import { Metrics } from '../../services/http/metrics.ts';
import { keepingLogger } from '../http/log-sink.ts';
import { startDistribution } from '../support/distribution.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { jsonOf, send } from './wire.ts';

const USERS = 'amy:$2b$05$he8GGWzsepqKH.za5ghYZunQxTMqOH5lhgvpRLujFJD5f9JEcTMvy\n';

describe('the front of a registry', () => {
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  before(async () => {
    const home = held.use(await tempDir('front'));
    await writeFile(join(home.path, 'htpasswd'), USERS);
    registry = held.use(
      await startRegistry({
        promotion: false,
        config: (config) => ({
          ...config,
          auth: { htpasswd: { realm: 'here', path: join(home.path, 'htpasswd') } },
        }),
      }),
    );
  });
  after(() => held.disposeAsync());

  it('is a page, without credentials, that says how to pull, runs nothing and is not kept', async () => {
    const page = await send(registry.url, '/');
    expect(page.status).to.equal(200);
    expect(page.headers['content-type']).to.equal('text/html; charset=utf-8');
    expect(page.headers['cache-control']).to.equal('no-store');
    expect(page.headers['content-security-policy']).to.include("default-src 'none'");
    expect(page.body.toString()).to.include(`docker pull ${registry.host}/NAME:TAG`);
    const head = await send(registry.url, '/', { method: 'HEAD' });
    expect([head.status, head.body.length]).to.deep.equal([200, 0]);
    expect(head.headers['content-length']).to.equal(String(page.body.length));
    expect((await send(registry.url, '/v2/')).status).to.equal(401);
    expect((await send(registry.url, '/', { method: 'POST' })).status).to.equal(405);
  });

  it('leads from /v2 to /v2/', async () => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await send(registry.url, '/v2', { method });
      expect([answer.status, answer.headers.location]).to.deep.equal([301, '/v2/']);
    }
  });
});

describe('/debug/health', () => {
  it('of every process is {} while all is well, as are /livez and /readyz', async function () {
    this.timeout(60_000);
    const commands = ['serve', 'api', 'release', 'sync'] as const;
    await Promise.all(
      commands.map(async (command) => {
        await using registry = await startRegistry({
          command,
          ...(command === 'release' && { releasePort: await freePort() }),
        });
        const health = await send(registry.debugUrl, '/debug/health');
        expect([health.status, jsonOf(health)], command).to.deep.equal([200, {}]);
        expect((await send(registry.debugUrl, '/debug/health', { method: 'HEAD' })).status).to.equal(200);
        for (const path of ['/livez', '/readyz'])
          expect(jsonOf(await send(registry.debugUrl, path)), command).to.deep.equal({ status: 'ok' });
      }),
    );
  });

  it('names what fails, with 503', async () => {
    const objects = intercepted(new MemoryStore(), ({ name, proceed }) =>
      name === 'list' ? Promise.reject(new Error('gone')) : proceed(),
    );
    const { logger } = keepingLogger();
    const addr = { host: '127.0.0.1', port: 0 };
    const options = {
      address: { addr, key: 'http.debug.addr', settable: 'http.debug.addr' },
      ...{ tls: undefined, bearerToken: undefined },
      publicName: () => undefined,
      metricsPath: undefined,
      readiness: new Readiness(objects),
    };
    await using listener = await listenDebug(options, new Metrics(), logger);
    const answer = await send(listener.url, '/debug/health');
    expect(answer.status).to.equal(503);
    expect(jsonOf(answer)).to.deep.equal({ readiness: 'the object store does not answer' });
    expect((await send(listener.url, '/livez')).status).to.equal(200);
  });
});

requires(['docker-registry'])('docker-registry', () => {
  it('answers / and /v2 with the same status', async () => {
    await using home = await tempDir('front');
    await using distribution = await startDistribution('docker-registry', home.path);
    await using registry = await startRegistry({ promotion: false });
    for (const [method, target] of [
      ['GET', '/'],
      ['HEAD', '/'],
      ['GET', '/v2'],
      ['GET', '/v2/'],
    ] as const) {
      const [theirs, ours] = [
        await send(distribution.url, target, { method }),
        await send(registry.url, target, { method }),
      ];
      expect(ours.status, `${method} ${target}`).to.equal(theirs.status);
    }
  });
});

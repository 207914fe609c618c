/** Promise: SIGHUP reloads, SIGTERM drains whatever else goes on, and a second one ends the process at once. */
import { expect } from 'chai';
import { type Answer, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { edit } from './edit.ts';

const DRAIN_MS = 20_000;

describe('signals', function () {
  this.timeout(90_000);
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  before(async () => {
    registry = held.use(
      await startRegistry({
        config: (config) => ({
          ...config,
          http: { ...(config['http'] as object), draintimeout: `${DRAIN_MS / 1000}s` },
        }),
      }),
    );
  });
  after(() => held.disposeAsync());

  const messages = () => registry.log().map(({ msg }) => msg);
  const count = (message: string) => messages().filter((each) => each === message).length;

  /** An upload of which half has arrived; `finish` sends the rest. */
  async function halfAnUpload(): Promise<{ finish: () => void; answer: Promise<Answer> }> {
    const begun = await send(registry.url, '/v2/candidate/app/blobs/uploads/', { method: 'POST' });
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const bytes = newBytes(4000);
    async function* body() {
      yield bytes.subarray(0, 2000);
      arrived.resolve();
      await promise;
      yield bytes.subarray(2000);
    }
    const answer = send(registry.url, begun.headers.location ?? '', { method: 'PATCH', body: body() });
    // Judged by the test.
    answer.catch(() => undefined);
    await arrived.promise;
    await eventually('the request is under way', async () =>
      (await send(registry.debugUrl, '/metrics')).body
        .toString()
        .includes('roadstead_http_requests_in_progress{process="api"} 1'),
    );
    return { finish, answer };
  }

  it('SIGHUP has the next answers follow the new file', async () => {
    await edit(registry, (file) => {
      file.http.headers = { 'X-New': ['1'] };
    });
    registry.daemon.kill('SIGHUP');
    await eventually(
      'the header is sent',
      async () => (await send(registry.url, '/v2/')).headers['x-new'] === '1',
    );
    const reload = registry
      .log()
      .find(({ by, msg }) => by === 'SIGHUP' && msg === 'reloaded the configuration');
    expect(reload?.['reloaded']).to.deep.equal(['http.headers']);
  });

  it('SIGHUP of a process that drains does nothing, and the upload under way ends', async () => {
    const { finish, answer } = await halfAnUpload();
    const [stopped, reloads] = [count('stopped'), count('reloaded the configuration')];
    await edit(registry, (file) => {
      file.http.headers = { 'X-New': ['2'] };
    });
    registry.daemon.kill('SIGTERM');
    await eventually('it drains', () => count('draining') > 0);
    const asked = count('asked to reload the configuration');
    registry.daemon.kill('SIGHUP');
    await eventually('the signal has arrived', () => count('asked to reload the configuration') > asked);
    finish();
    const { status, headers } = await answer;
    expect([status, headers['x-new']]).to.deep.equal([202, '1']);
    expect((await registry.daemon.exit).code).to.equal(0);
    expect([count('stopped'), count('reloaded the configuration')]).to.deep.equal([stopped + 1, reloads]);
    await registry.start();
  });

  it('SIGTERM during reloads drains', async () => {
    const { finish, answer } = await halfAnUpload();
    const stopped = count('stopped');
    await edit(registry, (file) => {
      file.mirrors = [
        { name: 'a', url: 'http://127.0.0.1:9', sameoperator: true, write: { webdav: 'http://127.0.0.1:9' } },
      ];
    });
    const draining = count('draining');
    for (let i = 0; i < 3; i++) registry.daemon.kill('SIGHUP');
    registry.daemon.kill('SIGTERM');
    await eventually('it drains', () => count('draining') > draining);
    finish();
    expect((await answer).status).to.equal(202);
    expect((await registry.daemon.exit).code).to.equal(0);
    expect(count('stopped')).to.equal(stopped + 1);
    await registry.start();
  });

  it('a second SIGTERM ends the process at once', async () => {
    const { finish, answer } = await halfAnUpload();
    const draining = count('draining');
    registry.daemon.kill('SIGTERM');
    await eventually('it drains', () => count('draining') > draining);
    const startedAt = performance.now();
    registry.daemon.kill('SIGTERM');
    // By SIGKILL if the file system has a call of it.
    expect((await registry.daemon.exit).code).to.be.oneOf([1, undefined, null]);
    expect(performance.now() - startedAt).to.be.below(DRAIN_MS / 2);
    finish();
    expect(await answer.catch(() => 'cut off')).to.equal('cut off');
    await registry.start();
  });
});

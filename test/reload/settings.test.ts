/** Promise: what a reload takes over is what clients meet from the next request on. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { type Sent, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { edit, reconfigure, reload } from './edit.ts';

const [NAME, PASSWORD] = ['alice', 'the password of alice'];
const authorization = `Basic ${Buffer.from(`${NAME}:${PASSWORD}`).toString('base64')}`;
const HEADERS = { authorization };

describe('a reload', function () {
  this.timeout(30_000);
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  let home: string;
  const ask = (path: string, sent: Sent = {}) =>
    send(registry.url, path, { ...sent, headers: { ...HEADERS, ...sent.headers } });
  const beginsUpload = async () => (await ask('/v2/candidate/app/blobs/uploads/', { method: 'POST' })).status;

  before(async () => {
    home = held.use(await tempDir('reload')).path;
    await writeFile(join(home, 'people'), `${NAME}:${hashSync(PASSWORD, 4)}\n`);
    await writeFile(join(home, 'others'), `bob:${hashSync(PASSWORD, 4)}\n`);
    registry = held.use(
      await startRegistry({
        delete: true,
        config: (config) => ({
          ...config,
          log: { level: 'info' },
          auth: { htpasswd: { realm: 'here', path: join(home, 'people') } },
          access: {
            standard: false,
            rules: [
              { name: 'pushers', allow: ['pull', 'push'], subjects: [`user:${NAME}`], repositories: ['**'] },
              { name: 'deleters', allow: ['delete'], subjects: [`user:${NAME}`], repositories: ['**'] },
            ],
          },
        }),
      }),
    );
  });
  after(() => held.disposeAsync());

  it('of a rule takes a right away from the next push, also over an open connection', async () => {
    expect(await beginsUpload()).to.equal(202);
    const restore = await reconfigure(registry, ({ access }) => access.rules.shift(), ['access.rules']);
    expect(await beginsUpload()).to.equal(403);
    await restore();
    expect(await beginsUpload()).to.equal(202);
  });

  it('of accounts leaves out whom the other file does not have', async () => {
    const restore = await reconfigure(
      registry,
      ({ auth }) => {
        auth.htpasswd.path = join(home, 'others');
      },
      ['auth.htpasswd.path'],
    );
    expect(await beginsUpload()).to.equal(401);
    await restore();
    expect(await beginsUpload()).to.equal(202);
  });

  it('of the promotion policy lets pushes through that it refused', async () => {
    const push = async () => (await ask('/v2/team/app/blobs/uploads/', { method: 'POST' })).status;
    expect(await push()).to.equal(403);
    const restore = await reconfigure(
      registry,
      ({ promotion }) => {
        promotion.stable = ['library/**'];
      },
      ['promotion.stable'],
    );
    expect(await push()).to.equal(202);
    await restore();
    expect(await push()).to.equal(403);
  });

  it('of limits answers 429, and gives nobody new requests', async () => {
    const limit = (account: number) =>
      reconfigure(
        registry,
        (file) => {
          file.limits = { requestspersecond: { account } };
        },
        ['limits.requestspersecond'],
      );
    const status = async () => (await ask('/v2/')).status;
    const restore = await limit(0.2);
    expect([await status(), await status()]).to.deep.equal([200, 429]);
    // Another value: the request that was made still counts.
    await (await limit(0.1))();
    expect(await status()).to.equal(429);
    await restore();
    expect(await status()).to.equal(200);
  });

  it('of limits of manifests and lists, of headers, deletes and the prefix, changes the next answers', async () => {
    const restore = await reconfigure(
      registry,
      (file) => {
        file.http.headers = { 'X-Served-By': ['here'] };
        file.http.prefix = '/below/';
        file.storage.delete.enabled = false;
        file.catalog = { maxentries: 3 };
      },
      ['catalog.maxentries', 'storage.delete.enabled', 'http.prefix', 'http.headers'],
    );
    expect((await ask('/v2/')).status).to.equal(404);
    const answer = await ask('/below/v2/');
    expect([answer.status, answer.headers['x-served-by']]).to.deep.equal([200, 'here']);
    const missing = `/below/v2/candidate/app/manifests/sha256:${'0'.repeat(64)}`;
    expect((await ask(missing, { method: 'DELETE' })).status).to.equal(405);
    await restore();
    expect((await ask('/v2/')).headers['x-served-by']).to.equal(undefined);
    expect((await ask(missing.slice('/below'.length), { method: 'DELETE' })).status).to.equal(404);
  });

  it('of the log level and the access log changes the next lines', async () => {
    const linesOf = (path: string) => registry.log().filter((line) => line['path'] === path);
    const restore = await reconfigure(
      registry,
      (file) => {
        file.log.level = 'debug';
      },
      ['log.level'],
    );
    await ask('/readyz?seen');
    await eventually('a line of level debug', () => linesOf('/readyz')[0]?.['level'] === 'debug');
    await restore();
    const mute = await reconfigure(
      registry,
      (file) => {
        file.log.accesslog = { disabled: true };
      },
      ['log.accesslog'],
    );
    await ask('/v2/silent/tags/list');
    await mute();
    await ask('/v2/loud/tags/list');
    await eventually('a line again', () => linesOf('/v2/loud/tags/list').length === 1);
    expect(linesOf('/v2/silent/tags/list')).to.deep.equal([]);
  });

  it('keeps what a node has in its memory, and counts each process once', async () => {
    const restore = await reconfigure(
      registry,
      (file) => {
        file.tags = { maxtags: 7 };
      },
      ['tags.maxtags'],
    );
    await restore();
    const metrics = (await send(registry.debugUrl, '/metrics')).body.toString();
    expect(
      metrics.match(/^roadstead_http_requests_in_progress\{process="api"\}/gm) ?? [],
    ).to.have.length.below(2);
  });

  it('of a file that cannot be used changes nothing, and says all that is wrong', async () => {
    for (const [change, problem] of [
      [(file) => Object.assign(file.access.rules[0], { allow: ['everything'] }), /^access\.rules\.0\.allow/],
      [(file) => Object.assign(file.auth.htpasswd, { path: join(home, 'missing') }), /ENOENT/],
      [(file) => Object.assign(file, { mirors: [] }), /^mirors: roadstead knows no such key/],
    ] as readonly (readonly [Parameters<typeof edit>[1], RegExp])[]) {
      const restore = await edit(registry, (file) => {
        file.http.prefix = '/elsewhere/';
        change(file);
      });
      const { status, problems } = await reload(registry);
      expect(status).to.equal(422);
      expect(problems.join()).to.match(problem);
      expect(await beginsUpload()).to.equal(202);
      await restore();
    }
    const lines = registry.log().filter(({ level }) => level === 'error');
    expect(lines.map(({ msg }) => msg)).to.deep.equal(
      Array(3).fill('the configuration cannot be reloaded; nothing has changed'),
    );
  });

  it('names the keys that need a restart, and takes over the others', async () => {
    const restore = await edit(registry, (file) => {
      file.http.addr = '127.0.0.1:1';
      file.http.headers = { 'X-New': ['yes'] };
      file.storage.filesystem.rootdirectory = join(home, 'elsewhere');
      file.http.secret = 'a new secret, of which nothing shows';
    });
    const { status, reloaded, restart } = await reload(registry);
    expect([status, reloaded]).to.deep.equal([200, ['http.headers']]);
    expect(restart).to.deep.equal(['storage.filesystem', 'http.addr', 'http.secret']);
    expect((await ask('/v2/')).headers['x-new']).to.equal('yes');
    expect((await send(registry.url, '/v2/candidate/app/tags/list')).status).to.equal(401);
    const [line] = registry.log().filter(({ restart }) => Array.isArray(restart) && restart.length > 0);
    expect(line?.['msg']).to.equal(
      'reloaded the configuration; needs a restart: storage.filesystem, http.addr, http.secret',
    );
    await restore();
    expect((await reload(registry)).restart).to.deep.equal([]);
  });

  it('is recorded with what it changed, and no secret', async () => {
    const { stdout } = await registry.offline(['audit', '--json']);
    const [entry] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ details }) => details?.reloaded?.includes('access.rules'));
    expect(entry.actor).to.deep.equal({ kind: 'local', name: 'local:operator' });
    expect(entry.details).to.deep.equal({ by: 'roadstead reload', reloaded: ['access.rules'] });
  });

  it('is not for web pages of other origins, nor for other hosts', async () => {
    const post = (headers: Readonly<Record<string, string>>) =>
      send(registry.debugUrl, '/debug/reload', { method: 'POST', headers });
    expect((await post({ origin: 'https://evil.example.org' })).status).to.equal(403);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).to.equal(403);
    expect((await post({ host: 'evil.example.org' })).status).to.equal(403);
    expect((await send(registry.debugUrl, '/debug/reload')).status).to.equal(405);
    expect((await ask('/debug/reload', { method: 'POST' })).status).to.equal(404);
  });

  it('lets a push that began under the old rules end', async () => {
    const begun = await ask('/v2/candidate/app/blobs/uploads/', { method: 'POST' });
    const { promise, resolve } = Promise.withResolvers<void>();
    const bytes = newBytes(4000);
    async function* slowly() {
      yield bytes.subarray(0, 2000);
      await promise;
      yield bytes.subarray(2000);
    }
    const patched = ask(begun.headers.location ?? '', { method: 'PATCH', body: slowly() });
    const restore = await reconfigure(registry, ({ access }) => access.rules.shift(), ['access.rules']);
    resolve();
    expect((await patched).status).to.equal(202);
    await restore();
  });

  it('of the limits of logins gives nobody new guesses', async () => {
    const guess = async (i: number) => {
      const credentials = Buffer.from(`mallory:guess ${i}`).toString('base64');
      return (await send(registry.url, '/v2/', { headers: { authorization: `Basic ${credentials}` } }))
        .status;
    };
    const seen: number[] = [];
    for (let i = 0; i < 8; i++) seen.push(await guess(i));
    expect(seen.at(-1)).to.equal(429);
    const restore = await reconfigure(
      registry,
      (file) => {
        file.limits = { logins: { attempts: 4, maxwait: '10m' } };
      },
      ['limits.logins'],
    );
    expect(await guess(8)).to.equal(429);
    await restore();
    expect(await guess(9)).to.equal(429);
  });
});

/**
 * Promise: with `auth.htpasswd` names and passwords go to the registry itself, as in Distribution; rules may say who does
 * what, and nobody learns of what they may not see.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { BasicAuthenticator } from '../../services/http/access/basic-authenticator.ts';
import type { Context } from '../../services/http/context.ts';
import { IssuedCredentials } from '../../services/registry/access/issued/credentials.ts';
import type { LoginGuard } from '../../services/registry/access/login-guard/guard.ts';
import { ANONYMOUS } from '../../services/registry/access/subject.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { Docker } from '../support/clients/docker.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { basic, PASSWORD } from './registry.ts';

requires(['skopeo'])('a registry with names and passwords', () => {
  const held = new AsyncDisposableStack();
  let people: string;
  let plain: TestRegistry;
  let ruled: TestRegistry;
  let layout: ImageLayout;
  let skopeo: Skopeo;
  const setPeople = (...names: string[]) =>
    writeFile(people, names.map((name) => `${name}:${hashSync(name + PASSWORD, 4)}\n`).join(''));
  const statusOf = async ({ url }: TestRegistry, path: string, authorization?: string, method = 'GET') =>
    (await fetch(url + path, { method, headers: { ...(authorization !== undefined && { authorization }) } }))
      .status;

  before(async () => {
    const home = held.use(await tempDir('basic')).path;
    people = join(home, 'htpasswd');
    await setPeople('user1', 'user2', 'operator');
    const start = async (more: object) =>
      held.use(
        await startRegistry({
          delete: true,
          promotion: false,
          config: (config) => ({
            ...config,
            auth: { htpasswd: { realm: 'The "registry"', path: people } },
            ...more,
          }),
        }),
      );
    plain = await start({});
    ruled = await start({
      access: {
        groups: { operators: ['user:operator'] },
        rules: [
          { name: 'operators', allow: ['*'], subjects: ['group:operators'] },
          { name: 'public', allow: ['pull'], subjects: ['everyone'], repositories: ['public/**'] },
          { name: 'own', allow: ['pull', 'push'], subjects: ['authenticated'], repositories: ['${user}/**'] },
        ],
      },
    });
    layout = await makeImageLayout(join(home, 'image'));
    skopeo = held.use(await Skopeo.open());
    for (const [registry, name] of [
      [plain, 'any/thing'],
      [ruled, 'user1/app'],
    ] as const) {
      await skopeo.login(registry.host, { username: 'user1', password: `user1${PASSWORD}` });
      await skopeo.copyAll(layout.directory, 'multi', `${registry.host}/${name}:1`);
    }
  });
  after(() => held.disposeAsync());

  it('asks for them', async () => {
    const response = await fetch(`${plain.url}/v2/`);
    expect(response.status).to.equal(401);
    expect(response.headers.get('www-authenticate')).to.equal(
      'Basic realm="The \\"registry\\"",charset="UTF-8"',
    );
    expect(await statusOf(plain, '/v2/', basic('user1'))).to.equal(200);
  });

  it('lets known users do everything, and anonymous clients nothing, without rules', async () => {
    expect(await statusOf(plain, '/v2/any/thing/tags/list', basic('user2'))).to.equal(200);
    expect(await statusOf(plain, '/v2/_catalog', basic('user2'))).to.equal(200);
    for (const path of ['/v2/any/thing/tags/list', '/v2/any/thing/manifests/1', '/v2/_catalog'])
      expect(await statusOf(plain, path)).to.equal(401);
    expect(await statusOf(plain, '/v2/any/thing/blobs/uploads/', undefined, 'POST')).to.equal(401);
  });

  it('lets in nobody else', async () => {
    for (const authorization of [
      basic('user1', 'guessed'),
      basic('user1', ''),
      basic('nobody'),
      basic('', ''),
      'Basic',
      'Basic !!!',
      'Bearer x',
      `Basic ${Buffer.from('user1').toString('base64')}`,
    ])
      expect(await statusOf(plain, '/v2/', authorization), authorization).to.be.oneOf([401, 429]);
  });

  it('does what rules say where there are some', async () => {
    const list = (name: string) => `/v2/${name}/tags/list`;
    expect(await statusOf(ruled, list('user1/app'), basic('user1'))).to.equal(200);
    expect(await statusOf(ruled, list('user1/app'), basic('operator'))).to.equal(200);
    // As of one that does not exist; asking again with the same password would not help.
    expect(await statusOf(ruled, list('user1/app'), basic('user2'))).to.equal(404);
    expect(await statusOf(ruled, '/v2/user1/app/manifests/1', basic('user2'))).to.equal(404);
    expect(await statusOf(ruled, '/v2/user1/app/blobs/uploads/', basic('user2'), 'POST')).to.equal(403);
    expect(await statusOf(ruled, '/v2/user1/app/manifests/1', basic('user1'), 'DELETE')).to.equal(403);
    expect(await statusOf(ruled, '/v2/_catalog', basic('user1'))).to.equal(403);
    expect(await statusOf(ruled, list('user1/app'))).to.equal(401);
    // Nothing is there yet, but the anonymous may look.
    expect(await statusOf(ruled, list('public/app'))).to.equal(404);
    expect(await statusOf(ruled, '/v2/')).to.equal(200);
    expect(await statusOf(ruled, '/v2/', basic('user1', 'guessed'))).to.equal(401);
  });

  it('forgets within a second users taken out of the file, and knows at once users put in', async function () {
    this.timeout(30_000);
    expect(await statusOf(plain, '/v2/', basic('user2'))).to.equal(200);
    await setPeople('user1', 'user3', 'operator');
    // A second, and time for a busy machine.
    await eventually(
      'user2 has gone',
      async () => (await statusOf(plain, '/v2/', basic('user2'))) === 401,
      10_000,
    );
    expect(await statusOf(plain, '/v2/', basic('user3'))).to.equal(200);
    await setPeople('user1', 'user2', 'operator');
  });

  it('forgets a revoked robot within five seconds, however its header is spelled', async function () {
    this.timeout(30_000);
    await using objects = await FilesystemStore.open({ rootDirectory: plain.rootDirectory, sync: false });
    const issued = new IssuedCredentials(objects);
    const name = 'robot+leaver';
    const once = basic(name, (await issued.create({ kind: 'robot', name, groups: [], by: 'x' })).secret);
    const twice = once.replace('Basic ', 'Basic   ');
    expect(await statusOf(plain, '/v2/', once)).to.equal(200);
    await issued.revoke('robot', name);
    const revokedAt = performance.now();
    // The account is remembered as it was; nothing may remember it for longer because of this request.
    await sleep(2000);
    const stillKnown = await statusOf(plain, '/v2/', twice);
    if (performance.now() - revokedAt < 4000) expect(stillKnown).to.equal(200);
    await sleep(5000 - (performance.now() - revokedAt));
    expect(await statusOf(plain, '/v2/', twice)).to.equal(401);
    expect(await statusOf(plain, '/v2/', once)).to.equal(401);
  });

  requires(['dockerd', 'docker'])('used by docker', () => {
    it('logs in, pulls, and is refused with a wrong password', async function () {
      this.timeout(60_000);
      await using docker = await Docker.open();
      const logIn = (password: string) =>
        docker.run('login', '--username', 'operator', '--password', password, plain.host);
      await logIn('guessed').then(
        () => expect.fail('docker logged in with a wrong password'),
        (error: unknown) =>
          expect(String(error)).to.match(/401 unauthorized|the name or the password is wrong/i),
      );
      await logIn(`operator${PASSWORD}`);
      await docker.pull(`${plain.host}/any/thing:1`);
    });
  });
});

describe('a door for names and passwords', () => {
  it('remembers nothing before the guard of logins: each request of a pull asks it, and the source', async () => {
    let [passes, looks] = [0, 0];
    const authenticator = new BasicAuthenticator({
      accounts: {
        async authenticate({ username }) {
          looks++;
          return { outcome: 'known', identity: { ...ANONYMOUS, kind: 'user', name: username } };
        },
        refresh: () => expect.fail('nobody refreshes'),
        mapIdentity: () => expect.fail('nobody is believed'),
        [Symbol.asyncDispose]: async () => undefined,
      },
      logins: {
        attempt(_who: unknown, _password: unknown, look: () => unknown) {
          passes++;
          return look();
        },
      } as unknown as LoginGuard,
      realm: 'x',
      rules: undefined,
    });
    const nameOf = async (authorization: string) => {
      const ctx = {
        req: { headers: { authorization } },
        state: { clientAddress: '192.0.2.1', logFields: {} },
      };
      return (await authenticator.authorize(ctx as unknown as Context, [])).name;
    };
    for (let i = 0; i < 100; i++) expect(await nameOf(basic('user1'))).to.equal('user1');
    expect({ passes, looks }).to.deep.equal({ passes: 100, looks: 100 });
  });
});

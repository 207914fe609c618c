/**
 * Promise: where a rule lets everyone pull, docker, podman and skopeo pull without a login from a registry with
 * `auth.htpasswd`, and with a login they push and pull what is theirs.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { Passes } from '../../services/http/access/passes.ts';
import { SecretBox } from '../../services/registry/storage/secret-box.ts';
import { Docker } from '../support/clients/docker.ts';
import { Podman } from '../support/clients/podman.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { basic, PASSWORD } from './registry.ts';

const BUILDER = { username: 'builder', password: `builder${PASSWORD}` };
/** What podman and skopeo send when nobody has logged in. */
const NOBODY = 'Basic Og==';

requires(['skopeo', 'podman', 'dockerd', 'docker'])('everyone at a registry with names and passwords', () => {
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  let layout: ImageLayout;
  let skopeo: Skopeo;
  let podman: Podman;

  before(async function () {
    this.timeout(60_000);
    const home = held.use(await tempDir('anonymous')).path;
    const path = join(home, 'htpasswd');
    await writeFile(path, `builder:${hashSync(BUILDER.password, 4)}\n`);
    registry = held.use(
      await startRegistry({
        promotion: false,
        config: (config) => ({
          ...config,
          auth: { htpasswd: { realm: 'registry', path } },
          access: {
            rules: [
              { name: 'builder', allow: ['pull', 'push'], subjects: ['user:builder'] },
              { name: 'public', allow: ['pull'], subjects: ['everyone'], repositories: ['public/**'] },
            ],
          },
        }),
      }),
    );
    layout = await makeImageLayout(join(home, 'image'));
    skopeo = held.use(await Skopeo.open());
    podman = held.use(await Podman.open());
  });
  after(() => held.disposeAsync());

  const statusOf = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(registry.url + path, { headers })).status;
  const image = (name: string) => `${registry.host}/${name}`;
  const failure = (act: Promise<unknown>): Promise<string> =>
    act.then(
      () => expect.fail('this worked'),
      (error: unknown) => String(error),
    );

  it('learns at /v2/ that there is something for them, and how to log in', async () => {
    const response = await fetch(`${registry.url}/v2/`);
    expect(response.status).to.equal(200);
    expect(response.headers.get('www-authenticate')).to.match(/^Basic realm="registry"/);
    expect(await statusOf('/v2/', { authorization: basic('builder') })).to.equal(200);
    expect(await statusOf('/v2/', { authorization: basic('builder', 'wrong') })).to.equal(401);
    // Who may do nothing is still sent away, whatever they may see.
    expect(await statusOf('/v2/private/app/tags/list')).to.equal(401);
  });

  it('sends an empty name and password as often as they like: that is no failed login', async () => {
    for (let i = 0; i < 12; i++) {
      expect(await statusOf('/v2/', { authorization: NOBODY })).to.equal(200);
      expect(await statusOf('/v2/public/app/tags/list', { authorization: NOBODY })).to.be.oneOf([200, 404]);
      expect(await statusOf('/v2/private/app/tags/list', { authorization: NOBODY })).to.equal(401);
    }
  });

  it('pulls with skopeo and podman without a login, and pushes and pulls the rest with one', async function () {
    this.timeout(60_000);
    await skopeo.login(registry.host, BUILDER);
    for (const name of ['public/app:1', 'private/app:1'])
      await skopeo.copyAll(layout.directory, 'multi', image(name));
    await skopeo.pull(image('private/app:1'));
    await skopeo.login(registry.host, undefined);
    await skopeo.pull(image('public/app:1'));
    expect(await failure(skopeo.pull(image('private/app:1')))).to.match(/unauthorized/);
    expect(await failure(skopeo.copyAll(layout.directory, 'multi', image('public/app:2')))).to.match(
      /unauthorized/,
    );

    await podman.pull(image('public/app:1'));
    const logIn = (password: string) =>
      podman.run('login', '--tls-verify=false', '-u', 'builder', '-p', password, registry.host);
    expect(await failure(logIn('wrong'))).to.match(/invalid username\/password/);
    await logIn(BUILDER.password);
    await podman.pull(image('private/app:1'));
    await podman.run('push', '--tls-verify=false', image('private/app:1'), image('private/podman:1'));
  });

  it('pulls with docker without a login, and pushes and pulls the rest with one', async function () {
    this.timeout(60_000);
    await using docker = await Docker.open();
    await docker.pull(image('public/app:1'));
    await docker.run('tag', image('public/app:1'), image('public/docker:1'));
    expect(await failure(docker.pull(image('private/app:1')))).to.match(/unauthorized/);
    expect(await failure(docker.run('push', image('public/docker:1')))).to.match(/unauthorized/);
    const logIn = (password: string) =>
      docker.run('login', '--username', 'builder', '--password', password, registry.host);
    expect(await failure(logIn('wrong'))).to.match(/unauthorized/);
    await logIn(BUILDER.password);
    await docker.pull(image('private/app:1'));
    await docker.run('push', image('public/docker:1'));
  });
});

describe('passes for docker', () => {
  const passes = new Passes(new SecretBox(['s'.repeat(32)], 'passes'));

  it('hold what was sent for them, for their time, and are of this registry only', () => {
    const pass = `Bearer ${passes.make('Basic abc=', 0)}`;
    expect(passes.read(pass, 0)).to.equal('Basic abc=');
    expect(passes.read(`Bearer ${passes.make(undefined, 0)}`, 0)).to.equal('');
    expect(passes.read(pass, 5 * 60_000)).to.equal('Basic abc=');
    expect(passes.read(pass, 6 * 60_000)).to.equal(undefined);
    const others = new Passes(new SecretBox(['t'.repeat(32)], 'passes'));
    expect(others.read(pass, 0)).to.equal(undefined);
    for (const header of ['', 'Bearer', 'Bearer x', 'Basic abc=', `Bearer ${'A'.repeat(70_000)}`])
      expect(passes.read(header, 0), header.slice(0, 20)).to.equal(undefined);
  });
});

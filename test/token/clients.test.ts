/**
 * Promise: people log in with docker, podman and skopeo, push and pull what is theirs, and neither change nor see what is
 * not; everybody pulls what is public.
 */
import { expect } from 'chai';
import { Docker } from '../support/clients/docker.ts';
import { Podman } from '../support/clients/podman.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { PASSWORD, startTokenRegistry, type TokenRegistry } from './registry.ts';

const login = (username: string) => ({ username, password: username + PASSWORD });

requires(['skopeo'])('a registry with tokens', () => {
  const held = new AsyncDisposableStack();
  let running: TokenRegistry;
  let host: string;
  let layout: ImageLayout;
  let skopeo: Skopeo;
  const pushAs = async (name: string | undefined, repository: string) => {
    await skopeo.login(host, name === undefined ? undefined : login(name));
    await skopeo.copyAll(layout.directory, 'multi', `${host}/${repository}:1`);
  };
  const failure = (attempt: Promise<unknown>): Promise<string> =>
    attempt.then(
      () => '(it worked)',
      (error: unknown) => String(error),
    );

  before(async () => {
    running = held.use(await startTokenRegistry());
    host = running.registry.host;
    layout = await makeImageLayout(held.use(await tempDir('image')).path);
    skopeo = held.use(await Skopeo.open());
  });
  after(() => held.disposeAsync());

  it('takes what skopeo pushes for a user below their name', async () => {
    await pushAs('user1', 'user1/testimage');
    expect(JSON.parse(await skopeo.inspectRaw(`${host}/user1/testimage:1`)).manifests).to.have.lengthOf(2);
  });

  it('refuses the same below another name, and to the anonymous', async () => {
    expect(await failure(pushAs('user1', 'user2/testimage'))).to.match(/denied|unauthorized|authentication/i);
    expect(await failure(pushAs(undefined, 'user1/testimage'))).to.match(
      /denied|unauthorized|authentication/i,
    );
  });

  it('answers a stranger the same for a repository whether or not it exists', async () => {
    await skopeo.login(host, login('user2'));
    const there = await failure(skopeo.inspectRaw(`${host}/user1/testimage:1`));
    const nowhere = await failure(skopeo.inspectRaw(`${host}/user1/nothing-here:1`));
    expect(there).to.match(/denied|unauthorized|authentication/i);
    const told = (text: string) =>
      text.replaceAll(/nothing-here/g, 'testimage').replaceAll(/time="[^"]*"/g, '');
    expect(told(nowhere)).to.equal(told(there));
  });

  it('lets nobody in with a wrong password', async () => {
    await skopeo.login(host, { username: 'user1', password: 'guessed' });
    expect(await failure(skopeo.inspectRaw(`${host}/user1/testimage:1`))).to.match(
      /unauthorized|invalid username/i,
    );
  });

  it('lets builders push candidates, releasers promote them, and everybody pull what is stable', async () => {
    await pushAs('builder', 'candidate/hello');
    const release = (name: string) =>
      running.registry.cli(['promote', 'candidate/hello:1', 'stable/hello:1', '--username', name], {
        allowFailure: true,
        env: { ROADSTEAD_PASSWORD: name + PASSWORD },
      });
    const refused = await release('builder');
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/^builder may not do this at .*repository:stable\/hello:promote/);
    const promoted = await release('releaser');
    expect(promoted.stderr + promoted.stdout).to.include('promoted candidate/hello:1 to stable/hello:1');
    await skopeo.login(host, undefined);
    expect(JSON.parse(await skopeo.inspectRaw(`${host}/stable/hello:1`)).manifests).to.have.lengthOf(2);
  });

  requires(['podman'])('used by podman', () => {
    it('logs in, pulls what is theirs, and hears so when it is not', async function () {
      this.timeout(60_000);
      await using podman = await Podman.open();
      const logIn = (password: string) =>
        podman.run('login', '--tls-verify=false', '--username', 'user1', '--password', password, host);
      expect(await failure(logIn('guessed'))).to.match(/invalid username\/password|unauthorized/i);
      await logIn(`user1${PASSWORD}`);
      await podman.pull(`${host}/user1/testimage:1`);
      expect(await failure(podman.pull(`${host}/user2/testimage:1`))).to.match(
        /denied|unauthorized|authentication/i,
      );
    });
  });

  requires(['dockerd', 'docker'])('used by docker', () => {
    let docker: Docker;
    const logIn = (username: string, password: string) =>
      docker.run('login', '--username', username, '--password', password, host);
    before(async () => {
      docker = held.use(await Docker.open());
    });

    it('logs in, and not with a wrong password', async () => {
      expect(await failure(logIn('user1', 'guessed'))).to.match(
        /the name or the password is wrong|unauthorized/,
      );
      await logIn('user1', `user1${PASSWORD}`);
    });

    it('pulls and pushes what is theirs', async function () {
      this.timeout(60_000);
      await docker.pull(`${host}/user1/testimage:1`);
      await docker.run('tag', `${host}/user1/testimage:1`, `${host}/user1/again:1`);
      await docker.run('push', `${host}/user1/again:1`);
    });

    it('is denied what is not', async function () {
      this.timeout(60_000);
      expect(await failure(docker.pull(`${host}/user2/testimage:1`))).to.match(/denied|unauthorized/);
      await docker.run('tag', `${host}/user1/testimage:1`, `${host}/user2/testimage:1`);
      expect(await failure(docker.run('push', `${host}/user2/testimage:1`))).to.match(/denied|unauthorized/);
    });

    it('has what it keeps of a login used by roadstead, too', async () => {
      await logIn('operator', `operator${PASSWORD}`);
      const { stdout } = await running.registry.cli(['status'], {
        env: { DOCKER_CONFIG: docker.configDirectory },
      });
      expect(stdout).to.match(/^ok: roadstead/);
    });
  });

  it('says how to log in to a client that has not', async () => {
    const { code, stderr } = await running.registry.cli(['status'], {
      allowFailure: true,
      env: { REGISTRY_AUTH_FILE: '/nowhere' },
    });
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      `${host} requires a login: log in first (docker login ${host}, or podman login ${host}), or give --username NAME ` +
        'and set ROADSTEAD_PASSWORD\n',
    );
  });
});

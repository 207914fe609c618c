/** Promise: build systems have accounts of their own, whose secrets are shown once, kept nowhere, and end when told to. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { type Guarded, type Login, startGuarded } from './guarded.ts';

const ADMINISTER = 'registry:access:administer';

requires(['skopeo'])('robots', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let registry: Guarded;
  let layout: string;
  /** Every secret that was shown. */
  const shown: string[] = [];
  const admin: Login = { username: 'admin', password: 'administers' };
  const alice: Login = { username: 'alice', password: 'wonders' };

  before(async () => {
    const home = held.use(await tempDir('robots'));
    const path = join(home.path, 'htpasswd');
    const lines = [admin, alice].map(({ username, password }) => `${username}:${hashSync(password, 4)}\n`);
    await writeFile(path, lines.join(''));
    registry = held.use(
      await startGuarded({
        accounts: [{ htpasswd: { path } }],
        access: { groups: { operators: ['user:admin'] } },
      }),
    );
    layout = (await makeImageLayout(join(home.path, 'image'))).directory;
  });
  after(() => held.disposeAsync());

  const cli = (...args: string[]) => registry.offline(['robots', ...args], { allowFailure: true });
  const created = async (...args: string[]) => {
    const { stdout, stderr, code } = await cli('create', ...args);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^rsr_\S+\n$/);
    shown.push(stdout.trim());
    return stdout.trim();
  };
  const api = async (login: Login, method: string, path: string, body?: object) => {
    const answer = await registry.as(login, ADMINISTER, method, `/auth/robots${path}`, body);
    const text = await answer.text();
    const json = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    if (typeof json['secret'] === 'string') shown.push(json['secret']);
    return { status: answer.status, json, cache: answer.headers.get('cache-control') };
  };
  const isIn = async (username: string, password: string) =>
    (await registry.logIn({ username, password })).status === 200;

  it('are made by a command, log in with docker’s kind of client, and do what their group may', async () => {
    const secret = await created('ci', '--group', 'builders', '--description', 'builds trixie');
    await using skopeo = await Skopeo.open();
    const login = ['login', '--tls-verify=false', '-u', 'robot+ci', '-p', secret, registry.host];
    await skopeo.run(...login);
    await skopeo.copyAll(layout, 'amd64', `${registry.host}/candidate/trixie:1`);
    const refused = await skopeo.copyAll(layout, 'amd64', `${registry.host}/alice/trixie:1`).then(
      () => 'it was taken',
      (error: Error) => error.message,
    );
    expect(refused).to.match(/denied|unauthorized|authentication required/i);
  });

  it('are listed without their secrets', async () => {
    const { stdout } = await cli('list');
    expect(stdout).to.match(/robot\+ci +builders +\S+ +local:\S+ +1 +never +builds trixie/);
    const [robot] = JSON.parse((await cli('list', '--json')).stdout) as Record<string, unknown>[];
    expect(robot).to.include({ name: 'robot+ci', kind: 'robot' });
    expect(JSON.stringify(robot)).to.not.contain('sha256').and.not.contain('rsr_');
  });

  it('are rotated by a command, with a while for the old secret', async () => {
    const first = await created('turner');
    const { stdout } = await cli('rotate', 'turner', '--keep-old', '1h', '--json');
    const { username, secret } = JSON.parse(stdout) as { username: string; secret: string };
    shown.push(secret);
    expect(username).to.equal('robot+turner');
    expect(await isIn(username, secret)).to.equal(true);
    expect(await isIn(username, first)).to.equal(true);
    const last = await cli('rotate', 'turner');
    shown.push(last.stdout.trim());
    await eventually('the old ones are refused', async () => !(await isIn(username, secret)));
    expect(await isIn(username, first)).to.equal(false);
    expect(await isIn(username, last.stdout.trim())).to.equal(true);
  });

  it('are revoked by a command, and are refused five seconds later at most', async () => {
    const secret = await created('leaver');
    expect(await isIn('robot+leaver', secret)).to.equal(true);
    const { stdout } = await cli('revoke', 'leaver');
    expect(stdout).to.contain('robot+leaver is revoked');
    await eventually('it is refused', async () => !(await isIn('robot+leaver', secret)));
  });

  it('end by themselves where they were made to', async () => {
    const secret = await created('brief', '--expires', '10s');
    expect(await isIn('robot+brief', secret)).to.equal(true);
    await eventually('it is refused', async () => !(await isIn('robot+brief', secret)), 30_000);
  });

  it('are made, listed, rotated and revoked over HTTP by who may administer', async () => {
    const made = await api(admin, 'POST', '', { name: 'web', groups: ['builders'], expiresInSeconds: 3600 });
    expect(made.status).to.equal(201);
    expect(made.cache).to.equal('no-store');
    expect(made.json['username']).to.equal('robot+web');
    const secret = String(made.json['secret']);
    expect(await isIn('robot+web', secret)).to.equal(true);

    const listed = await api(admin, 'GET', '');
    const robots = listed.json['robots'] as { username: string; createdBy: string }[];
    expect(robots.find(({ username }) => username === 'robot+web')).to.include({ createdBy: 'admin' });
    expect(JSON.stringify(listed.json)).to.not.contain('sha256').and.not.contain(secret);

    const rotated = await api(admin, 'POST', '/web/rotate', { keepOldSeconds: 600 });
    expect(rotated.status).to.equal(200);
    expect(Date.parse(String(rotated.json['expiresAt'])) - Date.now()).to.be.within(3_500_000, 3_600_000);
    await eventually('the new secret is known', () => isIn('robot+web', String(rotated.json['secret'])));

    expect((await api(admin, 'DELETE', '/web')).status).to.equal(204);
    await eventually('it is refused', async () => !(await isIn('robot+web', secret)));
  });

  it('are nothing to anybody else', async () => {
    const robot = { username: 'robot+ci', password: shown[0] ?? '' };
    expect(await isIn(robot.username, robot.password)).to.equal(true);
    for (const login of [alice, robot])
      for (const [method, path] of [
        ['GET', ''],
        ['POST', ''],
        ['POST', '/ci/rotate'],
        ['DELETE', '/ci'],
      ] as const)
        expect(
          (await api(login, method, path, method === 'POST' ? { name: 'x' } : undefined)).status,
        ).to.equal(401);
    expect((await fetch(`${registry.url}/auth/robots`)).status).to.equal(401);
  });

  for (const [what, method, path, body, status, says] of [
    ['one that is there', 'POST', '', { name: 'ci' }, 409, 'rotate its secret'],
    ['a bad name', 'POST', '', { name: '../ci' }, 400, 'a robot needs a name'],
    ['no name', 'POST', '', {}, 400, 'name'],
    ['a key that is not known', 'POST', '', { name: 'x', group: 'y' }, 400, 'group'],
    ['none', 'POST', '/nobody/rotate', {}, 404, 'does not exist'],
    ['none', 'DELETE', '/nobody', undefined, 404, 'does not exist'],
  ] as const)
    it(`say what is wrong with ${method} of ${what}`, async () => {
      const answer = await api(admin, method, path, body);
      expect(answer.status).to.equal(status);
      expect(JSON.stringify(answer.json)).to.contain(says);
    });

  it('say what is wrong in one line where a command is', async () => {
    for (const [args, says] of [
      [['create', 'ci'], 'the robot account robot+ci already exists'],
      [['create', 'CI'], 'a robot needs a name of lower-case letters'],
      [['rotate', 'nobody'], 'does not exist: create it first'],
      [['revoke', 'leaver'], 'was revoked at'],
    ] as const) {
      const { code, stderr } = await cli(...args);
      expect(code).to.equal(1);
      expect(stderr).to.contain(says).and.not.contain('    at ');
    }
  });

  it('are not other accounts’: no name of theirs is asked of an htpasswd file', async () => {
    expect(await isIn('robot+admin', admin.password)).to.equal(false);
    expect(await isIn('robot+alice', alice.password)).to.equal(false);
    expect(shown).to.not.deep.equal([]);
    expect(await isIn('ci', shown[0] ?? '')).to.equal(false);
  });

  it('leave none of their secrets in the store or in the log', async () => {
    expect(shown.length).to.be.above(7);
    const log = JSON.stringify(registry.log());
    expect(log).to.contain('robot+web');
    for (const secret of shown) {
      const search = ['-rlF', '--', secret.slice(4), registry.rootDirectory];
      expect((await run('grep', search, { allowFailure: true })).stdout).to.equal('');
      expect(log).to.not.contain(secret.slice(4));
    }
  });

  it('are in the audit record, with who created and revoked them', async () => {
    const { stdout } = await run('grep', ['-rhF', 'robot.', join(registry.rootDirectory, 'roadstead/audit')]);
    expect(stdout).to.match(/"local:[^"]+".*"robot\.create"/);
    expect(stdout).to.match(/"name":"admin".*"robot\.revoke".*"robot\+web"/);
  });
});

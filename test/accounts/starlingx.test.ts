/**
 * Promise: the private registry of the StarlingX documents. Whoever has an account of Keystone logs in with it; what is
 * theirs is theirs, and nobody else learns of it.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Docker } from '../support/clients/docker.ts';
import { Podman } from '../support/clients/podman.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import { MIGRATION_TIMEOUT_MS } from '../support/keystone.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { type Guarded, type Login, startGuarded } from './guarded.ts';
import { KEYSTONE_PROGRAMS, type People, startPeople, USER1, USER2 } from './people.ts';

const CACHE_MS = 1000;
/** Beyond a token's end, it is taken for so long, because clocks disagree. */
const LEEWAY_MS = 60_000;
const SHORT_LIFE_MS = 2000;

const user1: Login = { username: 'user1', password: USER1.password };
const user2: Login = { username: 'user2', password: USER2.password };

/** The three clients, each by its own commands. */
const CLIENTS = [
  {
    ...{ name: 'docker', programs: ['dockerd', 'docker'], open: () => Docker.open() },
    ...{ login: ['login'], plain: [] as string[] },
  },
  {
    ...{ name: 'podman', programs: ['podman'], open: () => Podman.open() },
    ...{ login: ['login', '--tls-verify=false'], plain: ['--tls-verify=false'] },
  },
] as const;

requires([...KEYSTONE_PROGRAMS, 'skopeo'])("StarlingX's private registry", function () {
  this.timeout(120_000);
  const held = new AsyncDisposableStack();
  let people: People;
  let registry: Guarded;
  let shortLived: Guarded;
  let admin: Login;
  let layout: string;
  let base: Skopeo;
  let lastLeaving: Promise<{ login: number; token: number }>;

  const sections = (more: object = {}) => ({
    accounts: [{ keystone: { authurl: people.keystone.authUrl, cache: `${CACHE_MS}ms`, timeout: '20s' } }],
    ...more,
  });
  const repository = (name: string, actions: string) => `repository:${name}:${actions}`;
  const tags = (name: string) => `/v2/${name}/tags/list`;
  /** What is told, without what names the repository or differs with each request. */
  const told = async (answer: Response, name: string) => ({
    status: answer.status,
    body: (await answer.text()).replaceAll(name, 'NAME'),
    challenge: answer.headers.get('www-authenticate')?.replaceAll(name, 'NAME'),
    length: Number(answer.headers.get('content-length')) - name.length,
  });
  const push = (client: Skopeo, name: string) => client.copyAll(layout, 'amd64', `${registry.host}/${name}`);
  const failure = (act: Promise<unknown>) =>
    act.then(
      () => 'it was done',
      (error: Error) => error.message,
    );

  before(async function () {
    this.timeout(2 * MIGRATION_TIMEOUT_MS);
    people = held.use(await startPeople());
    admin = { username: 'admin', password: people.keystone.admin.password };
    registry = held.use(await startGuarded(sections(), { promotion: false, delete: true }));
    const home = held.use(await tempDir('starlingx'));
    layout = (await makeImageLayout(join(home.path, 'image'))).directory;
    base = held.use(await Skopeo.open());
    await base.login(registry.host, user1);
    await push(base, 'user1/base:1');
    // Ends a minute after the tests have begun: nobody waits for it until the last of them.
    shortLived = held.use(
      await startGuarded(sections(), {
        ...{ promotion: false, rootDirectory: registry.rootDirectory, lifetime: `${SHORT_LIFE_MS}ms` },
      }),
    );
    lastLeaving = leaving();
    lastLeaving.catch(() => undefined);
  });
  after(() => held.disposeAsync());

  /** How long somebody who is disabled may still get tokens, and use one. */
  async function leaving() {
    const { keystone } = people;
    const login = { username: 'leaver', password: 'leaving' };
    const wanted = { name: login.username, password: login.password, domain_id: 'default' };
    const id = await keystone.make('/users', 'user', wanted);
    const scope = repository('leaver/image', 'pull');
    const token = await shortLived.token(login, [scope]);
    const isAllowed = async () => (await shortLived.with(token, 'GET', tags('leaver/image'))).status === 404;
    expect(await isAllowed()).to.equal(true);
    await keystone.asAdmin('PATCH', `/users/${id}`, { user: { enabled: false } });
    const disabledAtMs = performance.now();
    const isRefused = async () => (await shortLived.logIn(login, [scope])).status !== 200;
    const loginMs = await eventually('no login succeeds', isRefused, 60_000, 50);
    // Longer than the test allows below, which then says by how much it was late.
    const patienceMs = CACHE_MS + SHORT_LIFE_MS + LEEWAY_MS + 30_000;
    await eventually('the token is refused', async () => !(await isAllowed()), patienceMs, 250);
    return { login: loginMs, token: performance.now() - disabledAtMs };
  }

  for (const kind of CLIENTS)
    requires(kind.programs)(`with ${kind.name}`, () => {
      let client: Docker | Podman;
      const logIn = ({ username, password }: Login) =>
        client.run(...kind.login, '--username', username, '--password', password, registry.host);
      const image = (name: string) => `${registry.host}/${name}`;
      const pushAs = async (name: string) => {
        await client.run('tag', image('user1/base:1'), image(name));
        await client.run('push', ...kind.plain, image(name));
      };
      before(async function () {
        this.timeout(120_000);
        client = await kind.open();
      });
      after(() => client?.[Symbol.asyncDispose]());

      it('user1 logs in, and not with a wrong password', async () => {
        expect(await failure(logIn({ ...user1, password: 'wrong' }))).to.match(
          /the name or the password is wrong|unauthorized|invalid username\/password/i,
        );
        await logIn(user1);
      });

      it('user1 pushes user1/testimage, and pulls it again', async () => {
        await client.pull(image('user1/base:1'));
        await pushAs(`user1/testimage:${kind.name}`);
        await client.forget();
        await client.pull(image(`user1/testimage:${kind.name}`));
      });

      it('user1 cannot push user2/testimage, nor elsewhere', async () => {
        await client.pull(image('user1/base:1'));
        for (const name of ['user2/testimage:1', 'user1:1', 'library/testimage:1'])
          expect(await failure(pushAs(name)), name).to.match(/denied|unauthorized|authentication required/i);
      });

      it('user2 cannot pull what is user1’s, and the administrator can', async () => {
        await client.forget();
        await logIn(user2);
        expect(await failure(client.pull(image('user1/base:1')))).to.match(
          /denied|unauthorized|authentication required/i,
        );
        await logIn(admin);
        await client.pull(image('user1/base:1'));
      });

      it('a project’s members push to it, and its readers only pull', async () => {
        await logIn(user2);
        await client.run('tag', image('user1/base:1'), image(`beta/tool:${kind.name}`));
        await client.run('push', ...kind.plain, image(`beta/tool:${kind.name}`));
        await client.forget();
        await logIn(user1);
        await client.pull(image(`beta/tool:${kind.name}`));
        expect(await failure(pushBack())).to.match(/denied|unauthorized|authentication required/i);
        async function pushBack() {
          await client.run('tag', image(`beta/tool:${kind.name}`), image('beta/tool:mine'));
          await client.run('push', ...kind.plain, image('beta/tool:mine'));
        }
      });
    });

  it('with skopeo, user1 logs in, pushes, copies and deletes what is theirs', async () => {
    await using client = await Skopeo.open();
    const login = (password: string) =>
      client.run('login', '--tls-verify=false', '-u', 'user1', '-p', password, registry.host);
    expect(await failure(login('wrong'))).to.match(/invalid username\/password|unauthorized/i);
    await login(user1.password);
    await push(client, 'user1/skopeo:1');
    await client.pull(`${registry.host}/user1/skopeo:1`);
    expect(await failure(push(client, 'user2/testimage:1'))).to.match(
      /denied|unauthorized|authentication required/i,
    );
    await client.run('delete', '--tls-verify=false', `docker://${registry.host}/user1/skopeo:1`);
    expect(await failure(client.pull(`${registry.host}/user1/skopeo:1`))).to.match(/unknown/i);
  });

  describe('by the protocol itself', () => {
    let layer: string;
    let manifest: string;

    before(async () => {
      const scope = repository('user1/base', 'pull');
      const answer = await registry.as(user1, scope, 'GET', '/v2/user1/base/manifests/1');
      manifest = answer.headers.get('docker-content-digest') ?? '';
      layer = ((await answer.json()) as { layers: { digest: string }[] }).layers[0]?.digest ?? '';
      expect(manifest).to.match(/^sha256:/);
      expect(layer).to.match(/^sha256:/);
    });

    for (const [what, method, path] of [
      ['pull a manifest', 'GET', () => '/v2/user1/base/manifests/1'],
      ['ask for a manifest', 'HEAD', () => `/v2/user1/base/manifests/${manifest}`],
      ['pull a blob', 'GET', () => `/v2/user1/base/blobs/${layer}`],
      ['ask for a blob', 'HEAD', () => `/v2/user1/base/blobs/${layer}`],
      ['list tags', 'GET', () => tags('user1/base')],
      ['list referrers', 'GET', () => `/v2/user1/base/referrers/${manifest}`],
      ['begin an upload', 'POST', () => '/v2/user1/base/blobs/uploads/'],
      ['push a manifest', 'PUT', () => '/v2/user1/base/manifests/2'],
      ['delete a manifest', 'DELETE', () => `/v2/user1/base/manifests/${manifest}`],
      ['delete a blob', 'DELETE', () => `/v2/user1/base/blobs/${layer}`],
    ] as const)
      it(`user2 cannot ${what} of user1’s, and gets the same answer as for what does not exist`, async () => {
        const ask = async (name: string) => {
          const scope = repository(name, 'pull,push,delete');
          const asked = path().replace('user1/base', name);
          return told(await registry.as(user2, scope, method, asked), name);
        };
        const answer = await ask('user1/base');
        expect(answer.status).to.equal(401);
        expect(answer).to.deep.equal(await ask('user1/nope'));
        expect(answer).to.deep.equal(await ask('nobody/nope'));
      });

    it('user2 mounts nothing from user1, and gets the same answer as for what does not exist', async () => {
      const mount = async (from: string, digest: string) => {
        const scopes = [repository('user2/x', 'pull,push'), repository(from, 'pull')];
        const answer = await registry.as(
          user2,
          scopes,
          'POST',
          `/v2/user2/x/blobs/uploads/?mount=${digest}&from=${from}`,
        );
        return answer.status;
      };
      const nothing = `sha256:${'0'.repeat(64)}`;
      const statuses = [
        await mount('user1/base', layer),
        await mount('user1/base', nothing),
        await mount('user1/nope', layer),
      ];
      // An upload begins, as the specification has it where there is nothing to mount.
      expect(statuses).to.deep.equal([202, 202, 202]);
      const scope = repository('user2/x', 'pull');
      expect((await registry.as(user2, scope, 'HEAD', `/v2/user2/x/blobs/${layer}`)).status).to.equal(404);
    });

    it('user2 sees no catalog, and the administrator all of it', async () => {
      const scope = 'registry:catalog:*';
      expect((await registry.as(user2, scope, 'GET', '/v2/_catalog')).status).to.equal(401);
      const answer = await registry.as(admin, scope, 'GET', '/v2/_catalog');
      expect(((await answer.json()) as { repositories: string[] }).repositories).to.include('user1/base');
    });

    it('the anonymous see nothing, and get a token that says so', async () => {
      const scope = repository('user1/base', 'pull');
      expect((await fetch(`${registry.url}${tags('user1/base')}`)).status).to.equal(401);
      expect((await registry.as(undefined, scope, 'GET', tags('user1/base'))).status).to.equal(401);
      expect((await fetch(`${registry.url}/v2/`)).status).to.equal(401);
    });

    it('user2 sees what a rule shares with them', async () => {
      const rules = [
        { name: 'own', allow: ['pull', 'push'], subjects: ['authenticated'], repositories: ['${user}/**'] },
        { name: 'shared', allow: ['pull'], subjects: ['user:user2'], repositories: ['user1/base'] },
      ];
      await using sharing = await startGuarded(sections({ access: { rules } }), {
        ...{ promotion: false, rootDirectory: registry.rootDirectory },
      });
      const scope = repository('user1/base', 'pull,push');
      expect((await sharing.as(user2, scope, 'GET', tags('user1/base'))).status).to.equal(200);
      expect((await sharing.as(user2, scope, 'POST', '/v2/user1/base/blobs/uploads/')).status).to.equal(401);
      const other = repository('user1/testimage', 'pull');
      expect((await sharing.as(user2, other, 'GET', tags('user1/testimage'))).status).to.equal(401);
    });

    it('an application credential pushes to its project, not to its owner’s, until it is deleted', async () => {
      const { id, secret } = await people.applicationCredential(`table-${crypto.randomUUID()}`);
      const robot = { username: `appcred+${id}`, password: secret };
      await using client = await Skopeo.open();
      await client.login(registry.host, robot);
      await push(client, 'alpha/by-robot:1');
      expect(await failure(push(client, 'user1/by-robot:1'))).to.match(
        /denied|unauthorized|authentication required/i,
      );
      await people.drop(`/users/${people.users.user1}/application_credentials/${id}`);
      await sleep(CACHE_MS);
      expect((await registry.logIn(robot)).status).to.equal(401);
    });

    it('a trust lets user2 act in user1’s project, until it is taken back', async () => {
      const trust = await people.trust();
      const trustee = { username: `trust+${trust}/user2`, password: user2.password };
      const push_ = (name: string) =>
        registry.as(trustee, repository(name, 'pull,push'), 'POST', `/v2/${name}/blobs/uploads/`);
      expect((await push_('alpha/by-trust')).status).to.equal(202);
      for (const name of ['user1/by-trust', 'user2/by-trust', 'beta/by-trust'])
        expect((await push_(name)).status, name).to.equal(401);
      await people.drop(`/OS-TRUST/trusts/${trust}`);
      await sleep(CACHE_MS);
      expect((await registry.logIn(trustee)).status).to.equal(401);
    });

    it('a token of Keystone logs in until it is revoked', async () => {
      const password = await people.token(USER1);
      const shown = { username: 'keystone-token', password };
      const scope = repository('user1/base', 'pull');
      expect((await registry.as(shown, scope, 'GET', tags('user1/base'))).status).to.equal(200);
      await people.revoke(password);
      await sleep(CACHE_MS);
      expect((await registry.logIn(shown)).status).to.equal(401);
    });

    it('a disabled user gets the answer of a wrong password', async () => {
      const { keystone } = people;
      const wanted = { name: 'away', password: 'pw', domain_id: 'default', enabled: false };
      await keystone.make('/users', 'user', wanted);
      const disabled = await registry.logIn({ username: 'away', password: 'pw' });
      const wrong = await registry.logIn({ username: 'user1', password: 'pw' });
      const nobody = await registry.logIn({ username: 'nobody', password: 'pw' });
      const answers = [];
      for (const answer of [disabled, wrong, nobody])
        answers.push([answer.status, await answer.text(), answer.headers.get('www-authenticate')]);
      expect(answers[0]?.[0]).to.equal(401);
      expect(answers[1]).to.deep.equal(answers[0]);
      expect(answers[2]).to.deep.equal(answers[0]);
    });
  });

  describe('when Keystone is down', () => {
    let token: string;
    const scope = repository('user1/base', 'pull');

    before(async () => {
      token = await registry.token(user1, [scope]);
      // The one who leaves is seen off by a Keystone that answers.
      await eventually('the login of the one who left ends', async () => {
        const answer = await shortLived.logIn({ username: 'leaver', password: 'leaving' });
        return answer.status === 401;
      });
      await people.keystone.stop();
      await sleep(CACHE_MS);
    });
    after(async function () {
      this.timeout(120_000);
      await people.keystone.start();
    });

    it('a client with a token keeps working', async () => {
      const answer = await registry.with(token, 'GET', '/v2/user1/base/manifests/1');
      expect(answer.status).to.equal(200);
    });

    it('a login is answered with 503, when to come back, and why', async () => {
      const answer = await registry.logIn(user1, [scope]);
      expect(answer.status).to.equal(503);
      expect(Number(answer.headers.get('retry-after'))).to.be.above(0);
      const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] };
      expect(errors[0]?.code).to.equal('UNAVAILABLE');
      expect(errors[0]?.message).to.contain('logins fail now').and.contain('Keystone');
    });

    for (const kind of CLIENTS)
      requires(kind.programs)(`with ${kind.name}`, () => {
        it('the answer says that it is not the password', async () => {
          await using client = await kind.open();
          const login = [...kind.login, '-u', 'user1', '-p', user1.password, registry.host];
          // Both tell the status alone.
          expect(await failure(client.run(...login)))
            .to.match(/ 503 /)
            .and.not.match(/wrong|unauthorized|invalid username/i);
        });
      });

    it('the registry is ready, and the anonymous get their tokens', async () => {
      expect((await fetch(`${registry.url}/readyz`)).status).to.equal(200);
      expect((await registry.logIn(undefined)).status).to.equal(200);
    });
  });

  describe('in the end', () => {
    it('a token of Keystone that has expired logs nobody in', async () => {
      await people.keystone.stop();
      await people.keystone.start(15);
      const password = await people.token(USER1);
      const shown = { username: 'keystone-token', password };
      expect((await registry.logIn(shown)).status).to.equal(200);
      const isRefused = async () => (await registry.logIn(shown)).status === 401;
      await eventually('it is refused', isRefused, 40_000, 100);
      await people.keystone.stop();
      await people.keystone.start();
    });

    it('what Keystone takes away ends within its cache for logins, and with the token for the rest', async () => {
      const took = await lastLeaving;
      expect(took.login).to.be.below(CACHE_MS + 15_000);
      expect(took.token).to.be.below(CACHE_MS + SHORT_LIFE_MS + LEEWAY_MS + 20_000);
    });

    it('no secret of this is in the log or in the store', async () => {
      for (const secret of [user1.password, user2.password]) {
        const search = ['-rlF', '--', secret, registry.rootDirectory];
        expect((await run('grep', search, { allowFailure: true })).stdout).to.equal('');
      }
      const log = JSON.stringify(registry.log());
      expect(log).to.contain('user1');
      for (const secret of [user1.password, user2.password]) expect(log).to.not.contain(secret);
    });
  });
});

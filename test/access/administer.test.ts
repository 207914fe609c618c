/** Promise: the right to administer gives nobody more than they have: not by a robot's groups, and not by its name. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { IssuedCredentials } from '../../services/registry/access/issued/credentials.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { type Guarded, type Login, startGuarded } from '../accounts/guarded.ts';
import { tempDir } from '../support/temp.ts';

const ADMINISTER = 'registry:access:administer';

describe('somebody who may administer', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let registry: Guarded;
  const login = (username: string): Login => ({ username, password: `${username}'s` });
  const ask = async (who: Login, path: string, body: object) => {
    const answer = await registry.as(who, ADMINISTER, 'POST', `/auth/robots${path}`, body);
    return { status: answer.status, text: await answer.text() };
  };

  before(async () => {
    const home = held.use(await tempDir('administer'));
    const path = join(home.path, 'htpasswd');
    const names = ['olga', 'bob', 'guest', 'dora', 'nina'];
    await writeFile(path, names.map((name) => `${name}:${hashSync(login(name).password, 4)}\n`).join(''));
    registry = held.use(
      await startGuarded({
        accounts: [{ htpasswd: { path } }],
        access: {
          groups: {
            operators: ['user:olga', 'robot:root'],
            testers: ['user:bob', 'user:dora'],
            known: ['authenticated'],
            unused: ['user:bob'],
          },
          rules: [
            { name: 'not at night', deny: ['push'], subjects: ['user:nina'], networks: ['192.0.2.0/24'] },
            {
              name: 'no catalog',
              deny: ['catalog'],
              subjects: ['robot:none', 'authenticated'],
              networks: ['192.0.2.0/24'],
            },
            { name: 'superiors', allow: ['*'], subjects: ['user:nina'] },
            { name: 'operators', allow: ['*'], subjects: ['group:operators'] },
            { name: 'limited', deny: ['delete'], subjects: ['user:guest'] },
            { name: 'guests', allow: ['*'], subjects: ['user:guest'] },
            { name: 'dora pulls nothing', deny: ['pull'], subjects: ['user:dora'] },
            {
              ...{ name: 'admins', allow: ['administer'] },
              subjects: ['user:bob', 'user:dora', 'robot:keeper'],
            },
            { name: 'testers', allow: ['pull'], subjects: ['group:testers', 'group:known'] },
            { name: 'home', allow: ['*'], subjects: ['user:bob'], repositories: ['bob/**'] },
            { name: 'deployer', allow: ['push'], subjects: ['robot:deployer'] },
          ],
        },
      }),
    );
    await using objects = await FilesystemStore.open({ rootDirectory: registry.rootDirectory, sync: false });
    const issued = new IssuedCredentials(objects);
    for (const [name, groups] of [
      ['robot+strong', ['operators']],
      ['robot+weak', ['testers']],
      ['robot+deployer', []],
    ] as const)
      await issued.create({ kind: 'robot', name, groups, by: 'x' });
  });
  after(() => held.disposeAsync());

  it('makes robots in groups that they are in, and in no others', async () => {
    const bob = login('bob');
    expect((await ask(bob, '', { name: 'plain' })).status).to.equal(201);
    expect((await ask(bob, '', { name: 'tester', groups: ['testers', 'known'] })).status).to.equal(201);
    for (const groups of [['operators'], ['testers', 'operators'], ['somewhere'], ['unused']]) {
      const { status, text } = await ask(bob, '', { name: 'mine', groups });
      expect(status, groups.join()).to.equal(403);
      expect(text).to.match(/in the group (?:operators|somewhere|unused), in which you are not/);
    }
  });

  it('makes no robot whose name is in more groups than they are, or in a rule', async () => {
    const bob = login('bob');
    expect((await ask(bob, '', { name: 'root' })).text).to.include('in the group operators');
    const { status, text } = await ask(bob, '', { name: 'keeper' });
    expect(status).to.equal(403);
    expect(text).to.include('the rule admins names it');
  });

  it('gets no secret of a robot that has more', async () => {
    const bob = login('bob');
    expect((await ask(bob, '/weak/rotate', {})).status).to.equal(200);
    expect((await ask(bob, '/strong/rotate', {})).status).to.equal(403);
    expect((await ask(bob, '/deployer/rotate', {})).status).to.equal(403);
    expect((await ask(bob, '/nobody/rotate', {})).status).to.equal(404);
    const { stdout } = await registry.offline(['audit', '--json']);
    const entries = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { action: string; details?: { robot?: string } });
    const robotsOf = (wanted: string) =>
      entries.flatMap(({ action, details }) => (action === wanted ? [details?.robot] : []));
    expect(robotsOf('robot.rotate')).to.have.members(['robot+weak', 'robot+nobody']);
    expect(robotsOf('robot.create')).to.have.members(['robot+plain', 'robot+tester']);
  });

  it('is refused what a denial keeps from them alone', async () => {
    expect((await ask(login('guest'), '', { name: 'free', groups: ['operators'] })).status).to.equal(403);
  });

  it('gets no robot that would not be bound by what is denied to them: in no group, in their own, or elsewhere', async () => {
    for (const [who, rule] of [
      ['dora', 'dora pulls nothing'],
      ['nina', 'not at night'],
    ] as const) {
      const reason = `the rule ${rule} denies you something, and would not deny it to every robot`;
      for (const groups of [['testers'], []]) {
        const { status, text } = await ask(login(who), '', { name: 'free', groups });
        expect([status, text.includes(reason)], `${who}: ${text}`).to.deep.equal([403, true]);
      }
      expect((await ask(login(who), '/weak/rotate', {})).status).to.equal(403);
    }
  });

  it('may do all of it if they may do everything', async () => {
    const olga = login('olga');
    expect((await ask(olga, '', { name: 'any', groups: ['operators', 'somewhere'] })).status).to.equal(201);
    expect((await ask(olga, '', { name: 'root' })).status).to.equal(201);
    expect((await ask(olga, '/strong/rotate', {})).status).to.equal(200);
    expect((await ask(olga, '/deployer/rotate', {})).status).to.equal(200);
  });
});

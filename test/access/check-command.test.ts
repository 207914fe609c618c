/**
 * Promise: `roadstead access check` tells whether somebody may do something as the registry would decide it, by which
 * rule, and why not by those before; in plain words, in JSON, and by its exit code.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { CLI } from '../support/cli.ts';
import { run } from '../support/process.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

const BASE = {
  version: 0.1,
  storage: { filesystem: { rootdirectory: '/nonexistent' }, delete: { enabled: true } },
  http: { addr: '127.0.0.1:5000', secret: 's'.repeat(32) },
};
const TOKEN = { realm: 'https://registry.example.org/auth/token', service: 'r', issuer: 'us' };
const FULL = {
  ...BASE,
  auth: { token: TOKEN },
  token: {},
  promotion: { candidates: ['candidate/**'], stable: ['fedora/**'] },
  access: { groups: { operators: ['user:olga'] } },
};

describe('access check', function () {
  this.timeout(60_000);
  let home: TempDir;
  before(async () => {
    home = await tempDir('access-check');
  });
  after(() => home[Symbol.asyncDispose]());

  async function check(config: object, ...args: string[]): Promise<{ code: number; out: string }> {
    const path = join(home.path, 'config.yml');
    await writeFile(path, stringify(config));
    const { code, stdout, stderr } = await run(process.execPath, [...CLI, 'access', 'check', ...args, path], {
      allowFailure: true,
    });
    return { code: code ?? -1, out: stdout + stderr };
  }

  it('prints what a rule allows, and why earlier rules did not decide', async () => {
    const { code, out } = await check(FULL, 'alice', 'push', 'alice/tool');
    expect(out.split('\n').map((line) => line.replaceAll(/ {2,}/g, '  '))).to.deep.equal([
      'alice may push to alice/tool: the rule own allows it.',
      '  operators  passed  it is for group:operators, role:admin@admin',
      '  releasers  passed  it is about pull, promote',
      '  releases  passed  it is about view',
      '  builders  passed  it is for group:builders',
      '  own  decides  it allows pull, push, delete on ${user}/** (here: alice/**) to authenticated',
      '',
    ]);
    expect(code).to.equal(0);
  });

  it('prints what no rule allows, and exits with 2', async () => {
    const { code, out } = await check(FULL, 'alice', 'pull', 'bob/tool', '--project', 'alpha:member,reader');
    expect(code).to.equal(2);
    expect(out).to.match(
      /^alice may not pull from bob\/tool: no rule matches, and what no rule allows is denied\.$/m,
    );
    expect(out).to.match(/^ {2}own +passed +it is about \$\{user\}\/\*\* \(here: alice\/\*\*\)$/m);
    expect(out).to.match(/^ {2}projects +passed +it is about \$\{project\}\/\*\* \(here: alpha\/\*\*\)$/m);
    expect(out).to.match(/^ {2}public +passed +it is about @stable$/m);
  });

  for (const [args, allowed, rule] of [
    [['anonymous', 'pull', 'fedora/toolbox'], true, 'public'],
    [['anonymous', 'pull', 'alice/tool'], false, undefined],
    [['robot+ci', 'push', 'candidate/x', '--group', 'builders'], true, 'builders'],
    [['robot+ci', 'push', 'candidate/x'], false, undefined],
    [['bob', 'push', 'alpha/web', '--project', 'alpha:member'], true, 'projects'],
    [['bob', 'push', 'alpha/web', '--project', 'alpha:reader'], false, undefined],
    [['bob', 'push', 'alpha/web', '--project', 'alpha'], false, undefined],
    [['olga', 'administer'], true, 'operators'],
    [['bob', 'catalog'], false, undefined],
    [['rita', 'view', '--group', 'releasers'], true, 'releases'],
    [['root', 'delete', 'bob/tool', '--project', 'admin:admin'], true, 'operators'],
  ] as const)
    it(`answers in JSON: ${args.join(' ')}`, async () => {
      const { code, out } = await check(FULL, ...args, '--json');
      const told = JSON.parse(out) as { allowed: boolean; rule?: string; headline: string };
      expect(told.allowed).to.equal(allowed);
      expect(told.rule).to.equal(rule);
      expect(code).to.equal(allowed ? 0 : 2);
    });

  it('prints what prevents an action that the rules allow', async () => {
    const obstacles: [args: string[], config: object, told: RegExp][] = [
      [
        ['olga', 'push', 'fedora/x'],
        FULL,
        /may not push .* the rule operators allows it, but fedora\/x is a stable/,
      ],
      [['olga', 'promote', 'alice/x'], FULL, /may not promote .* but alice\/x is not a stable repository/],
      [
        ['olga', 'delete', 'alice/x'],
        { ...FULL, storage: { filesystem: { rootdirectory: '/x' } } },
        /may not delete .* but deletes are disabled/,
      ],
    ];
    for (const [args, config, told] of obstacles) {
      const { code, out } = await check(config, ...args);
      expect(out).to.match(told);
      expect(code).to.equal(2);
    }
  });

  it('assumes a client on this machine, and says so if that matters', async () => {
    const rule = { name: 'inside', allow: ['pull'], subjects: ['everyone'], networks: ['10.0.0.0/8'] };
    const config = { ...FULL, access: { rules: [rule] } };
    const here = await check(config, 'anonymous', 'pull', 'x');
    expect(here.code).to.equal(2);
    expect(here.out).to.match(/it is for clients in 10\.0\.0\.0\/8, not at 127\.0\.0\.1/);
    expect(here.out).to.match(/^Answered for a client at 127\.0\.0\.1; for another address: --address IP$/m);
    const inside = await check(config, 'anonymous', 'pull', 'x', '--address', '10.1.2.3');
    expect(inside.code).to.equal(0);
    expect(inside.out).not.to.include('Answered for a client');
  });

  it('knows registries in which rules play no part', async () => {
    const htpasswd = { ...BASE, auth: { htpasswd: { realm: 'r', path: '/p' } } };
    expect((await check(BASE, 'anonymous', 'push', 'x')).out).to.match(
      /^Anonymous clients may push.*no authentication/,
    );
    expect((await check(htpasswd, 'bob', 'push', 'x')).out).to.match(
      /^bob may push.*every logged-in user may do everything/,
    );
    const anonymous = await check(htpasswd, 'anonymous', 'pull', 'x');
    expect(anonymous.out).to.match(/^Anonymous clients may not pull.*no section access/);
    expect(anonymous.code).to.equal(2);
    const foreign = await check({ ...BASE, auth: { token: { ...TOKEN, jwks: '/k' } } }, 'bob', 'pull', 'x');
    expect(foreign.out).to.match(/^the tokens of us decide, not rules/);
    expect(foreign.code).to.equal(1);
  });

  it('reports mistakes in its arguments', async () => {
    const wrong: [args: string[], told: RegExp][] = [
      [
        ['bob', 'fly', 'x'],
        /unknown action fly: expected one of pull, push, delete, promote, catalog, view, administer/,
      ],
      [['bob', 'pull', 'Bob/x'], /a repository name has at most 255 characters/],
      [['bob', 'view', 'x'], /view concerns the registry as a whole: name no repository/],
      [['anonymous', 'pull', 'x', '--group', 'a'], /anonymous clients are in no group/],
      [['bob', 'pull', 'x', '--address', '10.1'], /expected an IP address/],
    ];
    for (const [args, told] of wrong) {
      const { code, out } = await check(FULL, ...args);
      expect(out).to.match(told);
      expect(out).not.to.include('    at ');
      expect(code).to.equal(1);
    }
  });
});

/**
 * Promise: a rule that can never decide, a group that nobody is in, and what is open to all by mistake are told of at the
 * start and by `config check`; and a rule is only called needless when it is.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { inspectConfig } from '../../services/config/load.ts';
import { deed, person, world } from './arbitraries.ts';
import type { WorldText } from './twin.ts';
import { rulesFrom, wanted } from './worlds.ts';

function noticesOf(access: object | undefined, more: object = {}): readonly string[] {
  const { config, problems, notices } = inspectConfig(
    stringify({
      ...{ version: 0.1, storage: 'filesystem', http: { addr: '127.0.0.1:5000' } },
      auth: { htpasswd: { realm: 'r', path: '/p' } },
      ...(access && { access }),
      ...more,
    }),
    {},
  );
  if (config === undefined) throw new Error(problems.join('\n'));
  return notices;
}

const rule = (name: string, more: object) => ({ name, allow: ['pull'], subjects: ['everyone'], ...more });
/** What is told of the second of two rules. */
const second = (first: object, other: object, groups: object = {}) =>
  noticesOf(
    { groups, rules: [rule('first', first), rule('second', other)] },
    {
      promotion: { candidates: ['candidate/**'], stable: ['fedora/**'] },
    },
  ).filter((notice) => notice.startsWith('access.rules.1'));

describe('warnings about rules', () => {
  it('call no rule useless that ever decides', function () {
    this.timeout(120_000);
    let needless = 0;
    fc.assert(
      fc.property(
        world,
        fc.array(fc.tuple(person, deed), { minLength: 30, maxLength: 30 }),
        (text, asked) => {
          const behind = behindIn(text);
          needless += behind.length;
          if (behind.length === 0) return;
          const rules = rulesFrom(text);
          for (const [who, [action, name]] of asked) {
            const { rule: decided } = rules.decide(who, wanted(action, name));
            expect(behind, JSON.stringify([who, action, name])).not.to.include(decided);
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(needless).to.be.above(5);
  });

  function behindIn({ rules, groups, candidates, stable }: WorldText): (string | undefined)[] {
    return noticesOf({ rules, groups }, { promotion: { candidates, ...(stable && { stable }) } }).flatMap(
      (notice) => /^access\.rules\.\d+: the rule (.*) has no effect/.exec(notice)?.[1] ?? [],
    );
  }

  for (const [what, first, other, groups] of [
    ['the same again', {}, {}],
    ['one for fewer people', {}, { subjects: ['user:alice', 'anonymous'] }],
    ['one for fewer repositories', { repositories: ['a/**'] }, { repositories: ['a/b', 'a/*/c', 'a/**/d'] }],
    [
      'a denial behind an allowance',
      { repositories: ['**'] },
      { allow: undefined, deny: ['pull'], repositories: ['secret/**'] },
    ],
    [
      'people’s own behind all first parts',
      { repositories: ['*/**'] },
      { subjects: ['authenticated'], repositories: ['${user}/**'] },
    ],
    [
      'candidates behind their pattern',
      { repositories: ['candidate/**'] },
      { repositories: ['@candidates'] },
    ],
    ['a smaller network', { networks: ['10.0.0.0/8'] }, { networks: ['10.1.0.0/16'] }],
    [
      'a member of a group',
      { subjects: ['group:g'] },
      { subjects: ['user:alice'] },
      { g: ['user:alice', 'user:bob'] },
    ],
    [
      'a role in one project',
      { subjects: ['role:member'], repositories: ['${project}/**'] },
      { subjects: ['role:member@a'], repositories: ['${project}/**'] },
    ],
  ] as const satisfies readonly (readonly [string, object, object, object?])[])
    it(`report ${what}`, () => {
      expect(second(first, other, groups)).to.deep.equal([
        'access.rules.1: the rule second has no effect: everything it matches is already decided by first',
      ]);
    });

  for (const [what, first, other, groups] of [
    ['more actions', {}, { allow: ['pull', 'view'] }],
    ['more people', { subjects: ['authenticated'] }, {}],
    ['more repositories', { repositories: ['a/*'] }, { repositories: ['a/**'] }],
    ['the registry as a whole', { allow: ['view'], repositories: ['**'] }, { allow: ['view', 'catalog'] }],
    ['people elsewhere', { networks: ['10.1.0.0/16'] }, { networks: ['10.0.0.0/8'] }],
    ['people anywhere', { networks: ['0.0.0.0/0', '::/0'] }, {}],
    [
      'a group that everyone is in',
      { subjects: ['authenticated'] },
      { subjects: ['group:g'] },
      { g: ['everyone'] },
    ],
    [
      'any project',
      { subjects: ['role:member@a'], repositories: ['${project}/**'] },
      { subjects: ['role:member'], repositories: ['${project}/**'] },
    ],
  ] as const satisfies readonly (readonly [string, object, object, object?])[])
    it(`do not report a rule for ${what}`, () => {
      expect(second(first, other, groups)).to.deep.equal([]);
    });

  it('name all earlier rules that hide one', () => {
    const rules = [
      rule('one', { allow: ['pull'] }),
      rule('two', { allow: ['push'], subjects: ['authenticated'] }),
      rule('three', { allow: ['pull', 'push'], subjects: ['user:alice'] }),
    ];
    expect(noticesOf({ rules })).to.deep.equal([
      'access.rules.2: the rule three has no effect: everything it matches is already decided by one, two',
    ]);
  });

  it('report empty groups, and groups that no rule names', () => {
    const rules = [rule('one', { subjects: ['group:devs', 'group:ops'] })];
    expect(noticesOf({ rules, groups: { ops: ['user:a'], old: ['user:b'] } })).to.deep.equal([
      'access.rules.0.subjects: only robots can be in the group devs: expected access.groups.devs with its members, or with none if it is meant for robots only',
      'access.groups.old: no rule uses this group',
    ]);
    expect(noticesOf({ groups: { operator: ['user:b'] } })).to.deep.equal([
      'access.groups.operator: no rule uses this group',
    ]);
    expect(noticesOf({ groups: { operators: ['user:b'] } })).to.deep.equal([]);
  });

  it('report groups of a source that is not there, in rules and in other groups', () => {
    const rules = [rule('one', { subjects: ['group:staff@oidc', 'group:ops'] })];
    const nobody = 'nobody is in the group staff@oidc: there is no oidc among the accounts';
    expect(noticesOf({ rules, groups: { ops: ['group:staff@oidc'] } })).to.deep.equal([
      `access.rules.0.subjects: ${nobody}`,
      `access.groups.ops: ${nobody}`,
    ]);
  });

  it('report repositories that anyone may change', () => {
    const told = noticesOf({ rules: [rule('open', { allow: ['pull', 'push', 'administer'] })] });
    expect(told).to.deep.equal([
      'access.rules.0: the rule open lets everyone push, administer, from anywhere',
    ]);
    for (const meant of [
      { allow: ['pull', 'catalog'] },
      { allow: ['push'], subjects: ['authenticated'] },
      { allow: ['push'], networks: ['10.0.0.0/8'] },
      { allow: undefined, deny: ['push'] },
    ])
      expect(noticesOf({ rules: [rule('meant', meant)] })).to.deep.equal([]);
  });

  it('report rules for pushes to stable repositories, which are always refused', () => {
    const promotion = { stable: ['fedora/**'] };
    const push = { allow: ['push', 'pull'], subjects: ['user:a'], repositories: ['@stable'] };
    const rules = [rule('direct', push), rule('public', {})];
    expect(noticesOf({ rules }, { promotion })).to.deep.equal([
      'access.rules.0: stable repositories change by promotion only, whatever the rule direct allows',
    ]);
  });

  it('report that promoted images are public even if rules deny anonymous clients', () => {
    const rules = [rule('inside', { subjects: ['authenticated'] })];
    expect(noticesOf({ rules }, { promotion: { stable: ['fedora/**'] } }).join()).to.match(
      /^promotion: anonymous clients may not pull every stable repository .* but promoted content is published/,
    );
    expect(noticesOf({ rules })).to.deep.equal([]);
  });

  it('report that everything is stable, and so open to all, if promotion.stable is missing', () => {
    expect(noticesOf({}, { promotion: {} }).join()).to.match(
      /^promotion\.stable is missing: .*open to everyone by the rule public: expected patterns/,
    );
    expect(noticesOf({}, { promotion: { stable: ['fedora/**'] } })).to.deep.equal([]);
    // Whoever logs in may do everything there, and the anonymous nothing.
    expect(noticesOf(undefined, { promotion: {} })).to.deep.equal([]);
  });
});

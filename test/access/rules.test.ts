/**
 * Promise: whatever the rules, whoever asks, and for what: the decision is that of the dull twin, its explanation is the
 * same decision, and what no rule allows is denied.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { inspectConfig } from '../../services/config/load.ts';
import { ACTIONS } from '../../services/registry/access/access-request.ts';
import {
  parseRepositorySelector,
  parseSubjectPattern,
  printRepositorySelector,
  printSubjectPattern,
} from '../../services/registry/access/read-rule.ts';
import type { Rule } from '../../services/registry/access/rule.ts';
import { AccessRules } from '../../services/registry/access/rules.ts';
import { parseRepositoryPattern } from '../../services/registry/oci/repository-pattern.ts';
import { withSection } from '../config/configs.ts';
import { anyText } from '../unit/arbitraries.ts';
import { deed, person, repository, world } from './arbitraries.ts';
import { decideByHand, type RuleText } from './twin.ts';
import { anonymous, robot, rulesFrom, user, wanted } from './worlds.ts';

describe('rules of access', () => {
  it('decide as the twin does, and explain their decisions', function () {
    this.timeout(120_000);
    const outcomes = { allowed: 0, deniedByRule: 0, deniedByNone: 0 };
    fc.assert(
      fc.property(
        world,
        fc.array(fc.tuple(person, deed), { minLength: 20, maxLength: 20 }),
        (text, asked) => {
          const rules = rulesFrom(text);
          for (const [who, [action, name]] of asked) {
            const decision = rules.decide(who, wanted(action, name));
            expect(decision).to.deep.equal(decideByHand(text, who, action, name));
            const { decidedBy, passed, ...explained } = rules.explain(who, wanted(action, name));
            expect(explained).to.deep.equal(decision);
            expect(passed.length).to.equal(
              decidedBy ? text.rules.findIndex((rule) => rule.name === decidedBy.name) : text.rules.length,
            );
            if (decision.isAllowed) outcomes.allowed++;
            else if (decision.rule) outcomes.deniedByRule++;
            else outcomes.deniedByNone++;
          }
        },
      ),
      { numRuns: 400 },
    );
    // A generator that never hits proves nothing.
    for (const [outcome, count] of Object.entries(outcomes)) expect(count, outcome).to.be.above(50);
  });

  it('know whether a subject is allowed anything at all', function () {
    this.timeout(60_000);
    let nothing = 0;
    fc.assert(
      fc.property(
        world,
        fc.array(fc.tuple(person, deed), { minLength: 20, maxLength: 20 }),
        (text, asked) => {
          const rules = rulesFrom(text);
          for (const [who, [action, name]] of asked) {
            const anything = rules.allowsAnything(who);
            if (!anything) nothing++;
            if (rules.decide(who, wanted(action, name)).isAllowed) expect(anything).to.equal(true);
          }
        },
      ),
      { numRuns: 100 },
    );
    expect(nothing).to.be.above(50);
    const readers = { name: 'all', allow: ['pull'], subjects: ['everyone'], repositories: ['a/**'] };
    const none = { name: 'none', deny: ['pull'], subjects: ['anonymous'], repositories: ['**'] };
    const allows = (...texts: RuleText[]) =>
      rulesFrom({ rules: texts, groups: {}, candidates: undefined, stable: undefined }).allowsAnything(
        anonymous,
      );
    expect(allows(readers)).to.equal(true);
    expect(allows(none, readers)).to.equal(false);
    expect(allows(readers, none)).to.equal(true);
    expect(allows({ ...readers, repositories: ['${user}/**'] })).to.equal(false);
    expect(allows({ ...readers, subjects: ['authenticated'] })).to.equal(false);
  });

  it('allow nothing without a rule that allows', () => {
    fc.assert(
      fc.property(world, person, deed, (text, who, [action, name]) => {
        const rules = text.rules.map(({ allow, deny, ...rule }) => ({ ...rule, deny: allow ?? deny ?? [] }));
        expect(rulesFrom({ ...text, rules }).decide(who, wanted(action, name)).isAllowed).to.equal(false);
      }),
    );
  });

  it('never override earlier ones', () => {
    fc.assert(
      fc.property(world, world, person, deed, (text, more, who, [action, name]) => {
        const before = rulesFrom(text).decide(who, wanted(action, name));
        const rules = [...text.rules, ...more.rules.map((rule) => ({ ...rule, name: `more ${rule.name}` }))];
        const after = rulesFrom({ ...text, rules }).decide(who, wanted(action, name));
        if (before.rule !== undefined) expect(after).to.deep.equal(before);
      }),
    );
  });

  it('print the subjects and repositories that they read', () => {
    fc.assert(
      fc.property(world, ({ rules }) => {
        for (const { subjects, repositories = [] } of rules) {
          for (const text of subjects) {
            const read = parseSubjectPattern(text);
            expect(read && printSubjectPattern(read)).to.equal(text);
          }
          for (const text of repositories) {
            const read = parseRepositorySelector(text);
            expect(read && printRepositorySelector(read)).to.equal(text);
          }
        }
      }),
    );
    fc.assert(
      fc.property(fc.oneof(anyText, repository), (text) => {
        const [subject, selector] = [parseSubjectPattern(text), parseRepositorySelector(text)];
        if (subject) expect(parseSubjectPattern(printSubjectPattern(subject))).to.deep.equal(subject);
        if (selector) expect(printRepositorySelector(selector)).to.equal(text);
      }),
    );
  });

  const rule = (more: object) => ({ name: 'one', subjects: ['everyone'], ...more });
  const may = (rules: object[], who: typeof anonymous, action: string, name?: string) =>
    rulesFrom({ rules: rules as never }).decide(who, wanted(action, name)).isAllowed;

  it('for all actions below a name do not cover the registry as a whole', () => {
    const mine = [rule({ allow: ['*'], subjects: ['user:alice'], repositories: ['alice/**'] })];
    expect(may(mine, user('alice'), 'promote', 'alice/x')).to.equal(true);
    for (const action of ['catalog', 'view', 'administer'])
      expect(may(mine, user('alice'), action), action).to.equal(false);
    const all = [rule({ allow: ['*'], subjects: ['user:alice'] })];
    for (const action of ['catalog', 'view', 'administer'])
      expect(may(all, user('alice'), action), action).to.equal(true);
  });

  it('for a part of the repositories do not decide about the registry as a whole', () => {
    const pattern = parseRepositoryPattern('alice/**');
    if (pattern === undefined) throw new Error('no pattern');
    const part: Rule = {
      ...{ name: 'part', effect: 'allow', actions: ACTIONS, networks: [] },
      ...{ subjects: [{ kind: 'everyone' }], repositories: [{ kind: 'pattern', pattern }] },
    };
    const engine = new AccessRules({ rules: [part], groups: new Map(), candidates: undefined });
    expect(engine.decide(anonymous, wanted('administer')).isAllowed).to.equal(false);
    expect(engine.decide(anonymous, wanted('promote', 'alice/x')).isAllowed).to.equal(true);
  });

  it('compare names exactly: a robot is not a user, and Alice is not alice', () => {
    const named = [rule({ allow: ['pull'], subjects: ['user:alice', 'robot:ci', 'robot:robot+cd'] })];
    const handedOn = [rule({ allow: ['pull'], subjects: ['robot:appcred+alice+ci', 'robot:trust+bob+1'] })];
    for (const name of ['appcred+alice+ci', 'trust+bob+1']) {
      expect(may(handedOn, { ...robot(''), name }, 'pull', 'x'), name).to.equal(true);
      expect(may(handedOn, user(name), 'pull', 'x'), name).to.equal(false);
    }
    for (const who of [user('alice'), robot('ci'), robot('cd')])
      expect(may(named, who, 'pull', 'x'), who.name).to.equal(true);
    const others = [user('Alice'), user('alice@other'), user('ci'), user('robot+ci'), robot('alice')];
    for (const who of [...others, user('ali'), anonymous])
      expect(may(named, who, 'pull', 'x'), who.name).to.equal(false);
  });

  it('substitute no name that is not one part of a repository’s name', () => {
    const own = [
      rule({ allow: ['push'], subjects: ['everyone'], repositories: ['${user}/**', 'x/${user}'] }),
    ];
    const names = [
      'Alice',
      'a/b',
      '*',
      '**',
      '',
      '.',
      '..',
      'a..b',
      '-a',
      'a@b',
      'robot+a',
      '%61',
      'é',
      '$&',
      '$`',
    ];
    for (const name of names)
      for (const target of ['a/b', 'alice/x', 'a/b/c', 'x/a', 'x/alice', 'x/a/b', 'x/x'])
        expect(may(own, user(name), 'push', target), `${name} ${target}`).to.equal(false);
    expect(may(own, user('a.b'), 'push', 'a.b/c')).to.equal(true);
    expect(may(own, user('a.b'), 'push', 'axb/c')).to.equal(false);
    expect(may(own, user('a'), 'push', 'a'), 'the name alone').to.equal(false);
  });

  it('match a project by the roles that they name, not by other roles of the same person', () => {
    const members = [rule({ allow: ['push'], subjects: ['role:member'], repositories: ['${project}/**'] })];
    const who = user('u', {
      memberships: [
        { project: 'alpha', roles: ['member'] },
        { project: 'beta', roles: ['reader'] },
      ],
    });
    expect(may(members, who, 'push', 'alpha/x')).to.equal(true);
    expect(may(members, who, 'push', 'beta/x')).to.equal(false);
    const split = [
      rule({
        allow: ['push'],
        subjects: ['role:member@beta', 'project:alpha'],
        repositories: ['${project}/**'],
      }),
    ];
    expect(may(split, who, 'push', 'alpha/x')).to.equal(true);
    expect(may(split, who, 'push', 'beta/x')).to.equal(false);
  });

  it('give no user candidates or stable repositories because of their name', () => {
    const world = { candidates: ['candidate/**'], stable: ['fedora/**', '*/stable'] };
    const rules = [
      rule({ allow: ['push'], repositories: ['${user}/**'] }),
      rule({ name: 'two', allow: ['delete'], repositories: ['candidate/${user}/**'] }),
    ];
    const engine = rulesFrom({ ...world, rules: rules as never });
    const may = (name: string, action: string, target: string) =>
      engine.decide(user(name), wanted(action, target)).isAllowed;
    expect(may('candidate', 'push', 'candidate/x')).to.equal(false);
    expect(may('fedora', 'push', 'fedora/x')).to.equal(false);
    expect(may('debian', 'push', 'debian/x')).to.equal(true);
    // Where the rule itself names candidates, it means them.
    expect(may('fedora', 'delete', 'candidate/fedora/x')).to.equal(true);
  });

  it('for networks match an address in each notation, and deny an unknown one', () => {
    const inside = (effect: object, networks: string[]) => [
      rule({ name: 'net', ...effect, networks }),
      rule({ name: 'rest', allow: ['push'] }),
    ];
    const from = (address: string) => ({ ...anonymous, address });
    const only = [rule({ allow: ['push'], networks: ['10.0.0.0/8', '2001:db8::/32'] })];
    for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '::ffff:a00:1', '2001:db8:0:0::1', '2001:DB8::1'])
      expect(may(only, from(address), 'push', 'x'), address).to.equal(true);
    for (const address of [
      '11.0.0.1',
      '010.0.0.1',
      '0x0a.0.0.1',
      '167772161',
      '::10.0.0.1',
      '',
      'x',
      '2001:db9::1',
    ])
      expect(may(only, from(address), 'push', 'x'), address).to.equal(false);
    const mapped = [rule({ allow: ['push'], networks: ['::ffff:10.0.0.0/104'] })];
    expect(may(mapped, from('10.9.9.9'), 'push', 'x')).to.equal(true);
    expect(may(mapped, from('11.9.9.9'), 'push', 'x')).to.equal(false);
    const denied = inside({ deny: ['push'] }, ['203.0.113.0/24']);
    expect(may(denied, from('203.0.113.5'), 'push', 'x')).to.equal(false);
    expect(may(denied, from('198.51.100.5'), 'push', 'x')).to.equal(true);
    // A connection that has broken off has no address any more; what came over it may still be done.
    expect(may(denied, from(''), 'push', 'x')).to.equal(false);
  });
});

describe('a section access', () => {
  const problems = (access: string) =>
    inspectConfig(withSection(`auth: {htpasswd: {realm: r, path: /p}}\naccess: ${access}`), {}).problems;
  const RULE = 'name: a, allow: [pull], subjects: [everyone]';

  const wrong: [access: string, problem: RegExp][] = [
    ['{rules: []}', /^access\.rules = \[\]: expected a rule, or no such key/],
    ['{rules: [{allow: [pull], subjects: [everyone]}]}', /^access\.rules\.0\.name is missing/],
    [
      `{rules: [{${RULE}}, {${RULE}}]}`,
      /^access\.rules\.1\.name = "a": expected a name that no other rule has/,
    ],
    [
      '{rules: [{name: "a\\nb", allow: [pull], subjects: [everyone]}]}',
      /^access\.rules\.0\.name = .*64 letters/,
    ],
    ['{rules: [{name: a, subjects: [everyone]}]}', /^access\.rules\.0 = .*expected either allow or deny/],
    [`{rules: [{${RULE}, deny: [push]}]}`, /^access\.rules\.0 = .*expected either allow or deny/],
    ['{rules: [{name: a, allow: [], subjects: [everyone]}]}', /^access\.rules\.0\.allow = \[\]/],
    [
      '{rules: [{name: a, allow: [read], subjects: [everyone]}]}',
      /allow\.0 = "read": expected pull, push, delete/,
    ],
    ['{rules: [{name: a, allow: [pull], subjects: []}]}', /^access\.rules\.0\.subjects = \[\]/],
    ...[
      'all',
      'user',
      'user:',
      'user: alice',
      '"user:alice "',
      'User:alice',
      'user:robot+ci',
      'user:appcred+a',
      'robot:robot+',
      'role:@a',
      'role:a@',
      'group:',
    ].map((subject): [string, RegExp] => [
      `{rules: [{name: a, allow: [pull], subjects: [${subject}]}]}`,
      /^access\.rules\.0\.subjects\.0 = .*(expected everyone, anonymous|expected string)/,
    ]),
    ...[
      '""',
      'a/',
      'A/**',
      'a*',
      '${user}x/**',
      '${user}/${project}',
      '${User}/**',
      '-a/**',
      'a/../b',
      '@all',
    ].map((selector): [string, RegExp] => [
      `{rules: [{${RULE}, repositories: ["${selector.replaceAll('"', '')}"]}]}`,
      /^access\.rules\.0\.repositories\.0 = .*expected a pattern of repository names/,
    ]),
    ...['10.0.0.1', '10.0.0.0/33', '010.0.0.0/8', '10/8', '0x0a.0.0.0/8', 'inside'].map(
      (network): [string, RegExp] => [
        `{rules: [{${RULE}, networks: ["${network}"]}]}`,
        /^access\.rules\.0\.networks\.0 = .*expected a network/,
      ],
    ),
    [`{rules: [{${RULE}, networks: []}]}`, /^access\.rules\.0\.networks = \[\]: expected a network/],
    [
      '{rules: [{name: a, allow: [pull, administer], subjects: [everyone], repositories: [a/**]}]}',
      /^access\.rules\.0\.repositories = .*administer concerns the registry as a whole/,
    ],
    [
      '{groups: {a: ["group:b"]}}',
      /^access\.groups\.a\.0 = "group:b": a group can contain only groups of a source/,
    ],
    ['{groups: {a@oidc: ["user:b"]}}', /^access\.groups\.a@oidc.*: groups of oidc have this ending/],
    ['{groups: {"": ["user:b"]}}', /expected the name of a group/],
    ['{groups: {__proto__: ["user:b"]}}', /__proto__: roadstead knows no such key/],
    [
      `{rules: [{${RULE}, repositories: ["@stable"]}]}`,
      /^access\.rules\.0\.repositories: .*expected a section promotion/,
    ],
  ];
  for (const [access, problem] of wrong)
    it(`is refused: ${access}`, () => {
      const told = problems(access);
      expect(told, told.join('\n')).to.have.length(1);
      expect(told[0]).to.match(problem);
    });
});

/**
 * Promise: the rules decide what a reading of them word by word decides. A table of who does what to which repository is
 * made for the standard rules and for rules with everything in them, and each row is checked against a dull twin.
 */
import { expect } from 'chai';
import { REGISTRY_ACTIONS, REPOSITORY_ACTIONS } from '../../services/registry/access/access-request.ts';
import { isPullable } from '../../services/registry/access/pullable.ts';
import { parseRepositoryName } from '../../services/registry/oci/names.ts';
import { STANDARD_WORLD } from './standard-world.ts';
import { decideByHand, type Person, type WorldText } from './twin.ts';
import { anonymous, robot, rulesFrom, user, wanted } from './worlds.ts';

/** Rules with every kind of subject, selector and effect, in an order that matters. */
const EVERYTHING: WorldText = {
  candidates: ['candidate/**', 'incoming/*'],
  stable: ['fedora/**', 'library/*'],
  groups: {
    staff: ['user:alice', 'robot:ci', 'role:admin@ops'],
    guests: ['user:mallory', 'project:visitors'],
    constructor: ['user:bob'],
  },
  rules: [
    {
      name: 'frozen',
      deny: ['push', 'delete', 'promote'],
      subjects: ['everyone'],
      repositories: ['*/frozen'],
    },
    {
      name: 'guests',
      deny: ['*'],
      subjects: ['group:guests'],
      networks: ['203.0.113.0/24', '2001:db8:bad::/48'],
    },
    { name: 'oversight', allow: ['pull', 'view', 'catalog'], subjects: ['role:auditor', 'user:root'] },
    { name: 'inside', allow: ['administer'], subjects: ['group:staff'], networks: ['10.0.0.0/8', '::1/128'] },
    {
      name: 'ci',
      allow: ['pull', 'push'],
      subjects: ['robot:ci'],
      repositories: ['@candidates', 'cache/**'],
    },
    { name: 'release', allow: ['promote', 'pull'], subjects: ['group:staff'], repositories: ['@stable'] },
    {
      name: 'own',
      allow: ['*'],
      subjects: ['authenticated'],
      repositories: ['${user}/**', 'candidate/$' + '{user}/*'],
    },
    { name: 'members', allow: ['pull', 'push'], subjects: ['role:member'], repositories: ['${project}/**'] },
    {
      name: 'readers',
      allow: ['pull'],
      subjects: ['project:alpha', 'role:reader@beta'],
      repositories: ['${project}/**'],
    },
    { name: 'shared', allow: ['pull'], subjects: ['user:bob'], repositories: ['alice/shared'] },
    { name: 'odd', allow: ['pull'], subjects: ['group:constructor'], repositories: ['**/odd'] },
    { name: 'public', allow: ['pull'], subjects: ['everyone'], repositories: ['@stable'] },
  ],
};

const member = (project: string, ...roles: string[]) => ({ project, roles });
const PEOPLE: readonly (readonly [
  who: string,
  person: Parameters<ReturnType<typeof rulesFrom>['decide']>[0],
])[] = [
  ['anonymous', anonymous],
  ['anonymous from 203.0.113.9', { ...anonymous, address: '203.0.113.9' }],
  ['alice', user('alice')],
  ['alice from 10.1.2.3', user('alice', { address: '10.1.2.3' })],
  ['alice from ::ffff:10.1.2.3', user('alice', { address: '::ffff:10.1.2.3' })],
  ['bob, a member of alpha', user('bob', { memberships: [member('alpha', 'member')] })],
  ['Bob', user('Bob')],
  [
    'carol, a reader of alpha and a member of beta',
    user('carol', { memberships: [member('alpha', 'reader'), member('beta', 'member')] }),
  ],
  ['dave, a reader of beta', user('dave', { memberships: [member('beta', 'reader')] })],
  ['mallory', user('mallory', { address: '203.0.113.77' })],
  ['mallory from elsewhere', user('mallory', { address: '198.51.100.1' })],
  ['mallory from where nobody knows', user('mallory', { address: '' })],
  [
    'a visitor by IPv6',
    user('vic', { memberships: [member('visitors', 'member')], address: '2001:db8:bad::1' }),
  ],
  ['root, by a role', user('root', { memberships: [member('admin', 'admin')] })],
  ['an admin of ops', user('olga', { memberships: [member('ops', 'admin', 'member')], address: '::1' })],
  ['an auditor', user('audrey', { memberships: [member('alpha', 'auditor')] })],
  ['a user of another domain', user('alice@other', { memberships: [member('alpha@other', 'member')] })],
  ['a user called candidate', user('candidate')],
  ['a member of a project called fedora', user('fay', { memberships: [member('fedora', 'member')] })],
  ['an operator', user('oscar', { groups: ['operators'] })],
  ['a releaser', user('rita', { groups: ['releasers'] })],
  ['a builder', robot('builder', { groups: ['builders'] })],
  ['the robot ci', robot('ci')],
  ['a user called ci', user('ci')],
];

const REPOSITORIES = [
  ...['candidate/fedora', 'candidate/alice/tool', 'candidate/bob/tool', 'incoming/x', 'incoming/x/y'],
  ...['fedora/toolbox', 'library/busybox', 'stable', 'alice', 'alice/tool', 'alice/shared', 'alice/a/b'],
  ...[
    'bob/tool',
    'bob/frozen',
    'alpha/web',
    'beta/web',
    'ops/tool',
    'visitors/x',
    'cache/layers',
    'a/odd',
    'ci/x',
  ],
];

const WORLDS = [
  ['the standard rules', STANDARD_WORLD],
  [
    'the standard rules where stable repositories are named',
    { ...STANDARD_WORLD, stable: ['fedora/**', 'library/*'] },
  ],
  ['the standard rules without promotion', { ...STANDARD_WORLD, candidates: undefined }],
  ['rules with everything in them', EVERYTHING],
] as const satisfies readonly (readonly [string, WorldText])[];

for (const [what, world] of WORLDS)
  describe(`the table of ${what}`, () => {
    // The standard ones are those that a file without rules gets.
    const rules = rulesFrom(world.rules === STANDARD_WORLD.rules ? { ...world, rules: undefined } : world);
    const deciding = new Map<string | undefined, number>();
    let rows = 0;
    for (const [who, person] of PEOPLE)
      it(`is right for ${who}`, () => {
        const check = (action: string, repository?: string) => {
          const decision = rules.decide(person, wanted(action, repository));
          const row = `${who}: ${action} ${repository ?? ''}`;
          expect(decision, row).to.deep.equal(decideByHand(world, person as Person, action, repository));
          const { isAllowed, rule } = rules.explain(person, wanted(action, repository));
          expect({ isAllowed, rule }, row).to.deep.equal(decision);
          deciding.set(decision.rule, (deciding.get(decision.rule) ?? 0) + 1);
          rows++;
        };
        for (const action of REPOSITORY_ACTIONS) for (const name of REPOSITORIES) check(action, name);
        for (const action of REGISTRY_ACTIONS) check(action);
      });

    it('is the same in the list of what each may pull, which tokens carry', () => {
      for (const [who, person] of PEOPLE) {
        const list = rules.pullable(person);
        for (const name of REPOSITORIES.map(parseRepositoryName))
          expect(isPullable(list, name), `${who}: ${name}: ${list}`).to.equal(
            rules.decide(person, wanted('pull', name)).isAllowed,
          );
      }
    });

    it('has some hundreds of rows, in which each rule decides, and none does', () => {
      expect(rows).to.be.above(1000);
      const needsPromotion = world.candidates === undefined ? ['releasers', 'builders', 'public'] : [];
      const names = world.rules.map(({ name }) => name).filter((name) => !needsPromotion.includes(name));
      expect([...deciding.keys()]).to.have.members([...names, undefined]);
    });
  });

describe('the list of what somebody may pull', () => {
  it('is cut to what fits into a token, and shows less by that, never more', () => {
    const denials = Array.from({ length: 300 }, (_, i) => `secret-${i}/**`);
    const text = {
      rules: [
        { name: 'kept', deny: ['pull'], subjects: ['everyone'], repositories: denials },
        { name: 'all', allow: ['pull'], subjects: ['everyone'], repositories: ['**'] },
      ],
    };
    const list = rulesFrom(text).pullable(user('alice'));
    expect(list).to.have.length.at.most(100);
    expect(list.join('').length).to.be.at.most(2100);
    for (const name of ['secret-0/a', 'secret-299/a', 'open'].map(parseRepositoryName))
      expect(isPullable(list, name)).to.equal(false);
  });

  it('shows nothing from a line on that cannot be read', () => {
    const name = parseRepositoryName('open');
    expect(isPullable(['+open'], name)).to.equal(true);
    for (const line of ['+OPEN', '', '+a!B', '-open', 'open', '+open!open'])
      expect(isPullable(line === '+open!open' ? [line] : [line, '+open'], name), line).to.equal(false);
  });
});

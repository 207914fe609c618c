/**
 * Promise: where a configuration has no rules of its own, people write below their own name and their projects' names and
 * nobody else sees what is there; the world pulls what is stable; builders push candidates, releasers promote, and
 * operators do everything. Line by line, as docs/access.md tells it.
 */
import { expect } from 'chai';
import type { Subject } from '../../services/registry/access/subject.ts';
import { anonymous, robot, rulesFrom, user, wanted } from './worlds.ts';

const in_ = (project: string, ...roles: string[]) => ({ project, roles });
const alice = user('alice', { memberships: [in_('alpha', 'member'), in_('beta', 'reader')] });
const bob = user('bob');
const carol = user('carol', { memberships: [in_('gamma', 'admin')] });
const root = user('root', { memberships: [in_('admin', 'admin')] });
const oscar = user('oscar', { groups: ['operators'] });
const rita = user('rita', { groups: ['releasers'] });
const ci = robot('ci', { groups: ['builders'] });
const stranger = user('alice@elsewhere', { memberships: [in_('alpha@elsewhere', 'member')] });

type Line = readonly [
  line: string,
  who: Subject,
  action: string,
  repository: string | undefined,
  rule: string | undefined,
];

const LINES: readonly Line[] = [
  ['a user pulls what is below their own name', alice, 'pull', 'alice/tool', 'own'],
  ['a user pushes there', alice, 'push', 'alice/tool', 'own'],
  ['a user deletes there', alice, 'delete', 'alice/tool', 'own'],
  ['however deep', alice, 'push', 'alice/a/b/c', 'own'],
  ['the name alone is no repository of theirs', alice, 'push', 'alice', undefined],
  ['nor is what only begins like it', alice, 'push', 'alicex/tool', undefined],
  ['nobody promotes into what is their own', alice, 'promote', 'alice/tool', undefined],
  ["a user does not push to another's", alice, 'push', 'bob/tool', undefined],
  ["nor delete another's", alice, 'delete', 'bob/tool', undefined],
  ["nor pull another's, nor learn of it", alice, 'pull', 'bob/tool', undefined],
  ['the anonymous do not pull it either', anonymous, 'pull', 'bob/tool', undefined],
  ['a user of another domain is another one', stranger, 'pull', 'alice/tool', undefined],
  ['and has nothing of their own here', stranger, 'push', 'alice-elsewhere/tool', undefined],
  ['a member of a project pushes there', alice, 'push', 'alpha/web', 'projects'],
  ['and deletes there', alice, 'delete', 'alpha/web', 'projects'],
  ['an admin of a project does so too', carol, 'push', 'gamma/web', 'projects'],
  ['a reader of a project pulls there', alice, 'pull', 'beta/web', 'project-readers'],
  ['and does not push there', alice, 'push', 'beta/web', undefined],
  ['who is not in it does nothing there', bob, 'pull', 'alpha/web', undefined],
  ["nor does a member of another domain's project of that name", stranger, 'pull', 'alpha/web', undefined],
  ['an admin of a project is no operator', carol, 'push', 'bob/tool', undefined],
  ['the world pulls what is stable', anonymous, 'pull', 'fedora/toolbox', 'public'],
  ['users do', bob, 'pull', 'fedora/toolbox', 'public'],
  ['nobody pushes there', alice, 'push', 'fedora/toolbox', undefined],
  ['no robot does', ci, 'push', 'fedora/toolbox', undefined],
  ['the world does not see candidates', anonymous, 'pull', 'candidate/fedora/toolbox', undefined],
  ['nor do users', alice, 'pull', 'candidate/fedora/toolbox', undefined],
  ['not even one of that name', user('candidate'), 'push', 'candidate/fedora/toolbox', undefined],
  ['builders push candidates', ci, 'push', 'candidate/fedora/toolbox', 'builders'],
  ['and pull them', ci, 'pull', 'candidate/fedora/toolbox', 'builders'],
  ['and delete them', ci, 'delete', 'candidate/fedora/toolbox', 'builders'],
  ['they do not promote', ci, 'promote', 'fedora/toolbox', undefined],
  ['releasers promote into stable', rita, 'promote', 'fedora/toolbox', 'releasers'],
  ['they pull candidates', rita, 'pull', 'candidate/fedora/toolbox', 'releasers'],
  ['they push none', rita, 'push', 'candidate/fedora/toolbox', undefined],
  ['they look at publications and mirrors', rita, 'view', undefined, 'releases'],
  ["they see nobody's own repositories", rita, 'pull', 'bob/tool', undefined],
  ['users do not look at publications', alice, 'view', undefined, undefined],
  ['operators pull everything', oscar, 'pull', 'bob/tool', 'operators'],
  ['push everywhere', oscar, 'push', 'candidate/x', 'operators'],
  ['delete everywhere', oscar, 'delete', 'bob/tool', 'operators'],
  ['promote', oscar, 'promote', 'fedora/toolbox', 'operators'],
  ['administer', oscar, 'administer', undefined, 'operators'],
  ['list all repositories', oscar, 'catalog', undefined, 'operators'],
  ["OpenStack's administrators are operators", root, 'administer', undefined, 'operators'],
  ['nobody else administers: no releaser', rita, 'administer', undefined, undefined],
  ['no builder', ci, 'administer', undefined, undefined],
  ['no admin of another project', carol, 'administer', undefined, undefined],
  ['nobody else lists all repositories: no user', alice, 'catalog', undefined, undefined],
  ['nor the anonymous', anonymous, 'catalog', undefined, undefined],
];

describe('the standard rules', () => {
  // Where stable repositories are named, people's own may stand beside them.
  const rules = rulesFrom({ candidates: ['candidate/**'], stable: ['fedora/**'] });
  for (const [line, who, action, repository, rule] of LINES)
    it(`${line}: ${who.name || 'anonymous'} ${action} ${repository ?? ''} ${rule === undefined ? 'is denied' : `by ${rule}`}`, () => {
      expect(rules.decide(who, wanted(action, repository))).to.deep.equal({
        isAllowed: rule !== undefined,
        rule,
      });
    });

  it('let everyone pull all but candidates if stable repositories are not named', () => {
    const open = rulesFrom({ candidates: ['candidate/**'] });
    expect(open.decide(anonymous, wanted('pull', 'bob/tool')).rule).to.equal('public');
    expect(open.decide(anonymous, wanted('pull', 'candidate/x')).isAllowed).to.equal(false);
  });

  it('show anonymous clients nothing in a registry without promotion', () => {
    const plain = rulesFrom({});
    for (const name of ['fedora/toolbox', 'alice/tool', 'x'])
      expect(plain.decide(anonymous, wanted('pull', name)).isAllowed).to.equal(false);
    expect(plain.decide(alice, wanted('push', 'alice/tool')).rule).to.equal('own');
  });

  it('take the members of their groups from the configuration', () => {
    const named = rulesFrom({
      groups: { operators: ['user:bob'], builders: ['role:member@alpha'] },
      candidates: ['candidate/**'],
    });
    expect(named.decide(bob, wanted('administer')).rule).to.equal('operators');
    expect(named.decide(alice, wanted('push', 'candidate/x')).rule).to.equal('builders');
    expect(named.decide(carol, wanted('push', 'candidate/x')).isAllowed).to.equal(false);
  });
});

/** Promise: only a rule for all repositories makes somebody who may do everything. */
import { expect } from 'chai';
import { ACTIONS } from '../../services/registry/access/access-request.ts';
import { Delegation } from '../../services/registry/access/delegation.ts';
import { parseRepositorySelector, parseSubjectPattern } from '../../services/registry/access/read-rule.ts';
import type { Rule } from '../../services/registry/access/rule.ts';
import { ANONYMOUS, type Subject } from '../../services/registry/access/subject.ts';

const BOB: Subject = { ...ANONYMOUS, kind: 'user', name: 'bob', address: '192.0.2.1' };

function allowing(repositories: string, actions = ACTIONS): Rule {
  return {
    ...{ name: 'r', effect: 'allow', actions, networks: [] },
    subjects: [parseSubjectPattern('user:bob') ?? expect.fail()],
    repositories: [parseRepositorySelector(repositories) ?? expect.fail()],
  };
}

describe('what somebody may give to robots', () => {
  const delegable = (rule: Rule) => new Delegation({ rules: [rule], groups: new Map() }).delegableBy(BOB);

  it('is everything for who may do everything everywhere, and for nobody else', () => {
    expect(delegable(allowing('**'))).to.equal('*');
    expect(delegable(allowing('bob/**'))).to.deep.equal([]);
    expect(delegable(allowing('**', ['pull', 'administer']))).to.deep.equal([]);
  });
});

import { ACTIONS, type Action } from './access-request.ts';
import { parseRepositorySelector, parseSubjectPattern } from './read-rule.ts';
import type { Rule } from './rule.ts';

/**
 * The rules of a configuration that has none of its own, in order. Users write below their own name and below their
 * projects' names, and nobody else sees these repositories. The section `access` fills the groups. Everything else is
 * denied.
 */
export const STANDARD_RULES: readonly Rule[] = [
  // OpenStack's administrators have the role `admin` in the project `admin`.
  rule('operators', ACTIONS, 'group:operators role:admin@admin', '**'),
  rule('releasers', ['pull', 'promote'], 'group:releasers', '@candidates @stable'),
  rule('releases', ['view'], 'group:releasers', '**'),
  rule('builders', ['pull', 'push', 'delete'], 'group:builders', '@candidates'),
  rule('own', ['pull', 'push', 'delete'], 'authenticated', '${user}/**'),
  rule('projects', ['pull', 'push', 'delete'], 'role:member role:admin', '${project}/**'),
  rule('project-readers', ['pull'], 'role:reader', '${project}/**'),
  rule('public', ['pull'], 'everyone', '@stable'),
];

function rule(name: string, actions: readonly Action[], subjects: string, repositories: string): Rule {
  return {
    ...{ name, effect: 'allow', actions, networks: [] },
    subjects: subjects.split(' ').flatMap((text) => parseSubjectPattern(text) ?? []),
    repositories: repositories.split(' ').flatMap((text) => parseRepositorySelector(text) ?? []),
  };
}

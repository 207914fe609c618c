import { ACTIONS, type Action } from './access-request.ts';
import { parseRepositorySelector, parseSubjectPattern } from './read-rule.ts';
import type { Rule } from './rule.ts';

/**
 * The rules where a configuration has none of its own, in the order in which they are asked. A user writes below their
 * own name and below their projects' names, and nobody else sees what is there; groups are filled in by the section
 * `access`. What nothing here allows is denied.
 */
export const STANDARD_RULES: readonly Rule[] = [
  // OpenStack's administrators are those with the role in the project of that name.
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

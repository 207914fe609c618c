import { parseRepositoryPattern } from '../repository-pattern.ts';
import type { RepositorySelector, SubjectPattern } from './rule.ts';
import { PROJECT, USER } from './rules.ts';
import { ROBOT_PREFIX } from './subject.ts';

/** What a rule's `subjects` and a group's members may look like, for errors. */
export const SUBJECT_FORMS =
  'everyone, anonymous, authenticated, user:NAME, robot:NAME, group:NAME, project:NAME, role:NAME or role:NAME@PROJECT';

/** Reads `user:alice`, `role:member@alpha`, `everyone`, …; undefined when it is none of {@link SUBJECT_FORMS}. */
export function parseSubjectPattern(text: string): SubjectPattern | undefined {
  if (text === 'everyone' || text === 'anonymous' || text === 'authenticated') return { kind: text };
  const match = /^(user|robot|group|project|role):(.{1,255})$/.exec(text);
  const [, kind, name = ''] = match ?? [];
  switch (kind) {
    case 'user':
    case 'group':
    case 'project':
      return { kind, name };
    case 'robot':
      return { kind, name: name.startsWith(ROBOT_PREFIX) ? name : `${ROBOT_PREFIX}${name}` };
    case 'role': {
      const at = name.indexOf('@');
      if (at < 0) return { kind, name, project: undefined };
      const [role, project] = [name.slice(0, at), name.slice(at + 1)];
      return role === '' || project === '' ? undefined : { kind, name: role, project };
    }
    default:
      return undefined;
  }
}

/** What a rule's `repositories` may look like, for errors. */
export const REPOSITORY_FORMS =
  `a pattern such as fedora/** ("*" is one part of a name, "**" any number), with ${USER} or ${PROJECT} for a whole ` +
  'part where wanted; @candidates or @stable';

/** Reads a repository selector; undefined when it is none of {@link REPOSITORY_FORMS}. */
export function parseRepositorySelector(text: string): RepositorySelector | undefined {
  if (text === '@candidates') return { kind: 'candidates' };
  if (text === '@stable') return { kind: 'stable' };
  const pattern = parseRepositoryPattern(text);
  if (pattern) return { kind: 'pattern', pattern };
  const parts = text.split('/');
  const isTemplate = parts.includes(USER) !== parts.includes(PROJECT);
  const filled = parts.map((part) => (part === USER || part === PROJECT ? 'x' : part)).join('/');
  return isTemplate && parseRepositoryPattern(filled) ? { kind: 'template', text } : undefined;
}

import { isRepositoryName } from '../oci/names.ts';
import { parseRepositoryPattern } from '../oci/repository-pattern.ts';
import { PROJECT, type RepositorySelector, type SubjectPattern, USER } from './rule.ts';
import { isRobotName, ROBOT_PREFIX } from './subject.ts';

/** The forms of a rule's `subjects` and a group's members, for error messages. */
export const SUBJECT_FORMS =
  'everyone, anonymous, authenticated, user:NAME, robot:NAME, group:NAME, project:NAME, role:NAME or role:NAME@PROJECT';

/** Reads `user:alice`, `role:member@alpha`, `everyone`, …; undefined if it has none of the {@link SUBJECT_FORMS}. */
export function parseSubjectPattern(text: string): SubjectPattern | undefined {
  if (text === 'everyone' || text === 'anonymous' || text === 'authenticated') return { kind: text };
  const match = /^(user|robot|group|project|role):(.+)$/.exec(text);
  const [, kind, name = ''] = match ?? [];
  switch (kind) {
    case 'user':
      // Robots are not users: such a rule would match nobody.
      return isName(name) && !isRobotName(name) ? { kind, name } : undefined;
    case 'group':
    case 'project':
      return isName(name) ? { kind, name } : undefined;
    case 'robot': {
      const full = isRobotName(name) ? name : `${ROBOT_PREFIX}${name}`;
      return isName(full) && isName(full.slice(full.indexOf('+') + 1)) ? { kind, name: full } : undefined;
    }
    case 'role': {
      const at = name.indexOf('@');
      if (at < 0) return isName(name) ? { kind, name, project: undefined } : undefined;
      const [role, project] = [name.slice(0, at), name.slice(at + 1)];
      return isName(role) && isName(project) ? { kind, name: role, project } : undefined;
    }
    default:
      return undefined;
  }
}

/** Prints a subject in the form that {@link parseSubjectPattern} reads. */
export function printSubjectPattern(pattern: SubjectPattern): string {
  switch (pattern.kind) {
    case 'everyone':
    case 'anonymous':
    case 'authenticated':
      return pattern.kind;
    case 'robot':
      return `robot:${pattern.name.replace(/^robot\+/, '')}`;
    case 'role':
      return `role:${pattern.name}${pattern.project === undefined ? '' : `@${pattern.project}`}`;
    default:
      return `${pattern.kind}:${pattern.name}`;
  }
}

const NAME_MAX_CHARACTERS = 255;

/** A blank at either end is a typing error that would make a rule match nobody. */
function isName(text: string): boolean {
  return /^\P{C}+$/u.test(text) && text.trim() === text && text.length <= NAME_MAX_CHARACTERS;
}

/** The forms of a rule's `repositories`, for error messages. */
export const REPOSITORY_FORMS =
  'a pattern of repository names such as fedora/** ("*" is one part of a name, "**" one or more), with ' +
  `${USER} or ${PROJECT} for a whole part where wanted; @candidates or @stable`;

/** Reads a repository selector; undefined if it has none of the {@link REPOSITORY_FORMS}. */
export function parseRepositorySelector(text: string): RepositorySelector | undefined {
  if (text === '@candidates') return { kind: 'candidates' };
  if (text === '@stable') return { kind: 'stable' };
  const parts = text.split('/');
  const isVariable = (part: string) => part === USER || part === PROJECT;
  // A part that is invalid in names, such as `-x`, would make a rule that matches nothing.
  if (!parts.every((part) => isVariable(part) || /^\*{1,2}$/.test(part) || isRepositoryName(part)))
    return undefined;
  if (parts.some(isVariable))
    return parts.includes(USER) && parts.includes(PROJECT) ? undefined : { kind: 'template', text };
  const pattern = parseRepositoryPattern(text);
  return pattern && { kind: 'pattern', pattern };
}

/** Prints a selector in the form that {@link parseRepositorySelector} reads. */
export function printRepositorySelector(selector: RepositorySelector): string {
  switch (selector.kind) {
    case 'pattern':
      return selector.pattern.text;
    case 'template':
      return selector.text;
    default:
      return `@${selector.kind}`;
  }
}

import type { Groups, SubjectPattern } from './rule.ts';
import type { Membership, Subject } from './subject.ts';

/**
 * The memberships by which a pattern matches a subject: all of them if the pattern names none; undefined if it does not
 * match.
 */
export function membershipsOf(
  pattern: SubjectPattern,
  subject: Subject,
  groups: Groups,
): readonly Membership[] | undefined {
  const { kind, name, memberships } = subject;
  const all = (is: boolean) => (is ? memberships : undefined);
  switch (pattern.kind) {
    case 'everyone':
      return memberships;
    case 'anonymous':
      return all(kind === 'anonymous');
    case 'authenticated':
      return all(kind !== 'anonymous');
    case 'user':
    case 'robot':
      return all(kind === pattern.kind && name === pattern.name);
    case 'group':
      return all(subject.groups.includes(pattern.name) || isListed(pattern.name, subject, groups));
    case 'project':
      return some(memberships.filter(({ project }) => project === pattern.name));
    case 'role':
      return some(
        memberships.filter(
          ({ project, roles }) =>
            roles.includes(pattern.name) && (pattern.project === undefined || pattern.project === project),
        ),
      );
  }
}

/** Whether the configuration puts somebody into a group; of a group listed as a member, only accounts that name it count. */
function isListed(group: string, subject: Subject, groups: Groups): boolean {
  const members = groups.get(group) ?? [];
  return members.some((member) =>
    member.kind === 'group'
      ? subject.groups.includes(member.name)
      : membershipsOf(member, subject, groups) !== undefined,
  );
}

function some<T>(found: readonly T[]): readonly T[] | undefined {
  return found.length > 0 ? found : undefined;
}

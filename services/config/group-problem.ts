import { accountGroup, SOURCES_OF_GROUPS, sourceOfGroup } from '../registry/access/account.ts';
import type { SubjectPattern } from '../registry/access/rule.ts';
import type { Settings } from './schema.ts';

/** Why a group has no members, but for robots. */
export function groupProblem({ access, accounts }: Settings, group: string): string | undefined {
  const source = sourceOfGroup(group);
  if (source !== undefined)
    return accounts.some((account) => account[source])
      ? undefined
      : `nobody is in the group ${group}: there is no ${source} among the accounts`;
  if (access?.groups.has(group)) return undefined;
  const sources = SOURCES_OF_GROUPS.filter((each) => accounts.some((account) => account[each]));
  const theirs = sources
    .map((each) => ` (${each}'s own group is group:${accountGroup(group, each)})`)
    .join('');
  return (
    `only robots can be in the group ${group}: expected access.groups.${group} with its members, or with none if it is ` +
    `meant for robots only${theirs}`
  );
}

/** Why a rule for a group that should deny something denies it to nobody: a source's group has the source in its name. */
export function denialProblem(config: Settings, group: string): string | undefined {
  const { access, accounts } = config;
  if (!SOURCES_OF_GROUPS.some((each) => accounts.some((account) => account[each]))) return undefined;
  const problem = groupProblem(config, group);
  if (problem !== undefined) return problem;
  const members = access?.groups.get(group) ?? [];
  const problems = members.map((member) =>
    groupOf(member).flatMap((each) => groupProblem(config, each) ?? []),
  );
  // An empty list says that the group is for robots.
  return members.length > 0 && problems.every((each) => each.length > 0) ? problems[0]?.[0] : undefined;
}

/** The group that a subject names: itself, or none. */
export function groupOf(subject: SubjectPattern): string[] {
  return subject.kind === 'group' ? [subject.name] : [];
}

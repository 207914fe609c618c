import { isRepositoryName, type RepositoryName } from '../names.ts';
import { parseRepositoryPattern, type RepositoryPattern } from '../repository-pattern.ts';
import { type NetworkTest, networkTest } from './networks.ts';
import type { Groups, RepositorySelector, Rule, SubjectPattern } from './rule.ts';
import type { Membership, Subject } from './subject.ts';
import type { Wanted } from './wanted.ts';

/** What was decided, and by which rule; no rule when none was for it, which denies. */
export interface Decision {
  readonly isAllowed: boolean;
  readonly rule: string | undefined;
}

export interface AccessRulesOptions {
  readonly rules: readonly Rule[];
  readonly groups: Groups;
  /** The section `promotion`'s patterns; undefined without it, and then no repository is a candidate or stable. */
  readonly candidates: readonly RepositoryPattern[] | undefined;
}

/** Who may do what: rules in their order, the first that is for something decides, and what none is for is denied. */
export class AccessRules {
  readonly #rules: readonly Compiled[];
  readonly #options: AccessRulesOptions;

  constructor(options: AccessRulesOptions) {
    this.#options = options;
    this.#rules = options.rules.map((rule) => ({
      rule,
      isFrom: rule.networks.length > 0 ? networkTest(rule.networks) : undefined,
    }));
  }

  /** Decides, without looking at anything but its arguments. */
  decide(subject: Subject, wanted: Wanted): Decision {
    for (const compiled of this.#rules)
      if (this.#isFor(compiled, subject, wanted))
        return { isAllowed: compiled.rule.effect === 'allow', rule: compiled.rule.name };
    return { isAllowed: false, rule: undefined };
  }

  #isFor({ rule, isFrom }: Compiled, subject: Subject, wanted: Wanted): boolean {
    if (!rule.actions.includes(wanted.action)) return false;
    if (isFrom && !isFrom(subject.address)) return false;
    return rule.subjects.some((pattern) => this.#matches(pattern, rule.repositories, subject, wanted));
  }

  /**
   * Whether the pattern is for the subject and one of the selectors for the repository. A selector with `${project}`
   * means a project that the pattern is about: `role:member` with `${project}/**` is for projects in which the
   * subject is a member, not for others of theirs.
   */
  #matches(
    pattern: SubjectPattern,
    selectors: readonly RepositorySelector[],
    subject: Subject,
    wanted: Wanted,
  ): boolean {
    const memberships = this.#membershipsOf(pattern, subject);
    if (memberships === undefined) return false;
    if (wanted.type === 'registry') return true;
    return selectors.some((selector) => this.#selects(selector, wanted.name, subject, memberships));
  }

  /** The memberships that make a pattern be for a subject, or all where it is not about any; undefined when it is not for them. */
  #membershipsOf(pattern: SubjectPattern, subject: Subject): readonly Membership[] | undefined {
    const { kind, name, groups, memberships } = subject;
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
      case 'project':
        return some(memberships.filter(({ project }) => project === pattern.name));
      case 'role':
        return some(
          memberships.filter(
            ({ project, roles }) =>
              roles.includes(pattern.name) && (pattern.project === undefined || pattern.project === project),
          ),
        );
      case 'group':
        return all(groups.includes(pattern.name) || this.#isListed(pattern.name, subject));
    }
  }

  /** Whether the configuration puts somebody into a group; a group that stands in one counts for nothing. */
  #isListed(group: string, subject: Subject): boolean {
    const members = this.#options.groups.get(group) ?? [];
    return members.some(
      (member) => member.kind !== 'group' && this.#membershipsOf(member, subject) !== undefined,
    );
  }

  #selects(
    selector: RepositorySelector,
    name: RepositoryName,
    subject: Subject,
    memberships: readonly Membership[],
  ): boolean {
    const { candidates } = this.#options;
    switch (selector.kind) {
      case 'pattern':
        return selector.pattern.matches(name);
      case 'candidates':
        return candidates?.some((pattern) => pattern.matches(name)) ?? false;
      case 'stable':
        return candidates !== undefined && !candidates.some((pattern) => pattern.matches(name));
      case 'template':
        return selector.text.includes(PROJECT)
          ? memberships.some(({ project }) => fits(selector.text, PROJECT, project, name))
          : fits(selector.text, USER, subject.name, name);
    }
  }
}

export const USER = '${user}';
export const PROJECT = '${project}';

interface Compiled {
  readonly rule: Rule;
  /** Undefined for anywhere. */
  readonly isFrom: NetworkTest | undefined;
}

/** A name that cannot stand as one part of a repository's name has no repositories: `a/b`, `Alice`, `*`. */
function fits(template: string, variable: string, value: string, name: RepositoryName): boolean {
  if (!isRepositoryName(value) || value.includes('/')) return false;
  return parseRepositoryPattern(template.replaceAll(variable, value))?.matches(name) ?? false;
}

function some<T>(found: readonly T[]): readonly T[] | undefined {
  return found.length > 0 ? found : undefined;
}

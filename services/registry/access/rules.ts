import { isRepositoryName, type RepositoryName } from '../oci/names.ts';
import { isCandidate, isStable, type RepositoryClasses } from '../oci/repository-classes.ts';
import { parseRepositoryPattern, type RepositoryPattern } from '../oci/repository-pattern.ts';
import { type AccessRequest, type Action, REGISTRY_ACTIONS } from './access-request.ts';
import { isAddress, type NetworkTest, networkTest } from './networks.ts';
import { type Groups, isForAll, PROJECT, type RepositorySelector, type Rule, USER } from './rule.ts';
import { coversSelector } from './shadowed.ts';
import type { Membership, Subject } from './subject.ts';
import { membershipsOf } from './subject-match.ts';

/** What was decided, and by which rule; no rule when none was for it, which denies. */
export interface Decision {
  readonly isAllowed: boolean;
  readonly rule: string | undefined;
}

/** Why a rule is not for something: the first of these that it does not name. */
export type Miss = 'action' | 'address' | 'subject' | 'repository';

/** A decision with its reasons. */
export interface Explanation extends Decision {
  readonly decidedBy: Rule | undefined;
  /** The rules before that one, or all of them, each with why it is not for this. */
  readonly passed: readonly { readonly rule: Rule; readonly miss: Miss }[];
}

export interface AccessRulesOptions {
  readonly rules: readonly Rule[];
  readonly groups: Groups;
  /** The section `promotion`'s patterns; undefined without it, and then no repository is a candidate or stable. */
  readonly candidates: readonly RepositoryPattern[] | undefined;
  /** Those of stable repositories; undefined for all but the candidates. */
  readonly stable?: readonly RepositoryPattern[] | undefined;
}

/** Who may do what: rules in their order, the first that is for something decides, and what none is for is denied. */
export class AccessRules {
  readonly #rules: readonly Compiled[];
  readonly #groups: Groups;
  readonly #classes: RepositoryClasses | undefined;
  readonly #reserved: ReadonlySet<string>;

  constructor({ rules, groups, candidates, stable }: AccessRulesOptions) {
    this.#rules = rules.map((rule) => ({
      rule,
      isFrom: rule.networks.length > 0 ? networkTest(rule.networks) : undefined,
    }));
    this.#groups = groups;
    this.#classes = candidates && { candidates, stable };
    this.#reserved = reservedNames([...(candidates ?? []), ...(stable ?? [])]);
  }

  /** Decides, without looking at anything but its arguments. */
  decide(subject: Subject, wanted: AccessRequest): Decision {
    for (const compiled of this.#rules)
      if (this.#miss(compiled, subject, wanted) === undefined)
        return { isAllowed: compiled.rule.effect === 'allow', rule: compiled.rule.name };
    return { isAllowed: false, rule: undefined };
  }

  /** {@link decide}, with why. */
  explain(subject: Subject, wanted: AccessRequest): Explanation {
    const passed: { rule: Rule; miss: Miss }[] = [];
    for (const compiled of this.#rules) {
      const miss = this.#miss(compiled, subject, wanted);
      const { rule } = compiled;
      if (miss === undefined)
        return { isAllowed: rule.effect === 'allow', rule: rule.name, decidedBy: rule, passed };
      passed.push({ rule, miss });
    }
    return { isAllowed: false, rule: undefined, decidedBy: undefined, passed };
  }

  /**
   * Whether there may be something that a subject is allowed: false only where all is denied. A denial counts for what
   * it covers as a whole, not for a part.
   */
  allowsAnything(subject: Subject): boolean {
    const denied: Rule[] = [];
    const meaning = { groups: this.#groups, candidates: this.#classes?.candidates };
    for (const { rule, isFrom } of this.#rules) {
      if (isFrom && !isAsked(rule, isFrom, subject.address)) continue;
      if (!rule.subjects.some((pattern) => membershipsOf(pattern, subject, this.#groups))) continue;
      if (rule.effect === 'deny') denied.push(rule);
      else if (
        rule.actions.some((action) =>
          rule.repositories.some(
            (selector) =>
              this.#isForSome(selector, action, subject) &&
              !denied.some(
                ({ actions, repositories }) =>
                  actions.includes(action) &&
                  repositories.some((wide) => coversSelector(wide, selector, meaning)),
              ),
          ),
        )
      )
        return true;
    }
    return false;
  }

  /** Whether an action on anything that a selector names can be a subject's. */
  #isForSome(selector: RepositorySelector, action: Action, subject: Subject): boolean {
    const isOnRegistry = REGISTRY_ACTIONS.some((each) => each === action);
    if (isOnRegistry) return isForAll(selector);
    if (selector.kind === 'pattern') return true;
    if (selector.kind !== 'template') return this.#classes !== undefined;
    return selector.text.includes(PROJECT) ? subject.memberships.length > 0 : subject.name !== '';
  }

  /** What keeps a rule from being for something; undefined when it is for it. */
  #miss({ rule, isFrom }: Compiled, subject: Subject, wanted: AccessRequest): Miss | undefined {
    if (!rule.actions.includes(wanted.action)) return 'action';
    if (isFrom && !isAsked(rule, isFrom, subject.address)) return 'address';
    let isFor = false;
    for (const pattern of rule.subjects) {
      const memberships = membershipsOf(pattern, subject, this.#groups);
      if (memberships === undefined) continue;
      isFor = true;
      if (rule.repositories.some((selector) => this.#selects(selector, wanted, subject, memberships)))
        return undefined;
    }
    return isFor ? 'repository' : 'subject';
  }

  /**
   * Whether a selector is for what is wanted. `${project}` stands for the projects that made the rule be for the
   * subject: `role:member` with `${project}/**` is for those in which they are a member, not for others of theirs.
   * What is done to the registry as a whole is only for rules about all of it.
   */
  #selects(
    selector: RepositorySelector,
    wanted: AccessRequest,
    subject: Subject,
    memberships: readonly Membership[],
  ): boolean {
    if (wanted.type === 'registry') return isForAll(selector);
    switch (selector.kind) {
      case 'pattern':
        return selector.pattern.matches(wanted.name);
      case 'candidates':
        return this.#classes !== undefined && isCandidate(this.#classes, wanted.name);
      case 'stable':
        return this.#classes !== undefined && isStable(this.#classes, wanted.name);
      case 'template':
        return selector.text.includes(PROJECT)
          ? memberships.some(({ project }) => this.#fits(selector.text, PROJECT, project, wanted.name))
          : this.#fits(selector.text, USER, subject.name, wanted.name);
    }
  }

  /**
   * A name that cannot stand as one part of a repository's name has no repositories: `a/b`, `Alice`, `*`. Nor do
   * `candidate` and the like at the beginning: whoever is called so does not own what everyone's images come from.
   */
  #fits(template: string, variable: string, value: string, name: RepositoryName): boolean {
    if (!isRepositoryName(value) || value.includes('/')) return false;
    if (template.startsWith(variable) && this.#reserved.has(value)) return false;
    return parseRepositoryPattern(template.replaceAll(variable, () => value))?.matches(name) ?? false;
  }
}

interface Compiled {
  readonly rule: Rule;
  /** Undefined for anywhere. */
  readonly isFrom: NetworkTest | undefined;
}

/**
 * Whether a rule's networks are for an address. Nobody knows where a connection came from that has broken off: it is in
 * no network that is allowed something, and in each that is denied it.
 */
function isAsked({ effect }: Rule, isFrom: NetworkTest, address: string): boolean {
  return isAddress(address) ? isFrom(address) : effect === 'deny';
}

/** What names of candidates and of stable repositories begin with, as far as the configuration spells it out. */
function reservedNames(patterns: readonly RepositoryPattern[]): ReadonlySet<string> {
  return new Set(patterns.map(({ text }) => text.split('/', 1).join()).filter((part) => !part.includes('*')));
}

import { isRepositoryName, type RepositoryName } from '../oci/names.ts';
import { isCandidate, isStable, type RepositoryClasses } from '../oci/repository-classes.ts';
import { parseRepositoryPattern, type RepositoryPattern } from '../oci/repository-pattern.ts';
import { type AccessRequest, type Action, REGISTRY_ACTIONS } from './access-request.ts';
import { isAddress, type NetworkTest, networkTest } from './networks.ts';
import { fitting, type PullableList, patternsOfClass } from './pullable.ts';
import { type Groups, isForAll, PROJECT, type RepositorySelector, type Rule, USER } from './rule.ts';
import { coversSelector } from './shadowed.ts';
import type { Membership, Subject } from './subject.ts';
import { membershipsOf } from './subject-match.ts';

/** A decision, and the rule that made it; undefined if no rule matched, which denies. */
export interface Decision {
  readonly isAllowed: boolean;
  readonly rule: string | undefined;
}

/** Why a rule does not match: the first of these that differs. */
export type Miss = 'action' | 'address' | 'subject' | 'repository';

/** A decision with its reasons. */
export interface Explanation extends Decision {
  readonly decidedBy: Rule | undefined;
  /** The rules before the deciding one, or all of them, each with why it does not match. */
  readonly passed: readonly { readonly rule: Rule; readonly miss: Miss }[];
}

export interface AccessRulesOptions {
  readonly rules: readonly Rule[];
  readonly groups: Groups;
  /** The patterns of section `promotion`; undefined without it: then no repository is a candidate or stable. */
  readonly candidates: readonly RepositoryPattern[] | undefined;
  /** The patterns of stable repositories; undefined: all but the candidates. */
  readonly stable?: readonly RepositoryPattern[] | undefined;
}

/** Access rules in order: the first that matches decides, and without a match access is denied. */
export class AccessRules {
  readonly #rules: readonly Compiled[];
  readonly #groups: Groups;
  readonly #classes: RepositoryClasses | undefined;
  readonly #reserved: ReadonlySet<string>;

  constructor({ rules, groups, candidates, stable }: AccessRulesOptions) {
    this.#rules = rules.map((rule) => ({ rule, isFrom: addressTest(rule) }));
    this.#groups = groups;
    this.#classes = candidates && { candidates, stable };
    this.#reserved = reservedNames([...(candidates ?? []), ...(stable ?? [])]);
  }

  /** Decides, from nothing but its arguments. */
  decide(subject: Subject, wanted: AccessRequest): Decision {
    const match = this.#rules.find((compiled) => this.#miss(compiled, subject, wanted) === undefined);
    return { isAllowed: match?.rule.effect === 'allow', rule: match?.rule.name };
  }

  /** {@link decide}, with the reasons. */
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

  /** The repositories that a subject may pull from: a list that {@link isPullable} reads as {@link decide} decides. */
  pullable(subject: Subject): PullableList {
    return fitting(new Set(this.#pullableLines(subject)));
  }

  *#pullableLines(subject: Subject): Generator<string> {
    for (const { rule, isFrom } of this.#rules) {
      if (!rule.actions.includes('pull') || !isFrom(subject.address)) continue;
      const sign = rule.effect === 'allow' ? '+' : '-';
      for (const pattern of rule.subjects) {
        const memberships = membershipsOf(pattern, subject, this.#groups);
        if (memberships === undefined) continue;
        for (const selector of rule.repositories)
          for (const text of this.#patternsOf(selector, subject, memberships)) yield sign + text;
      }
    }
  }

  /** What a selector means for a subject, as patterns. */
  #patternsOf(
    selector: RepositorySelector,
    { name }: Subject,
    memberships: readonly Membership[],
  ): readonly string[] {
    switch (selector.kind) {
      case 'pattern':
        return [selector.pattern.text];
      case 'candidates':
      case 'stable':
        return this.#classes === undefined ? [] : patternsOfClass(selector.kind, this.#classes);
      case 'template': {
        const variable = selector.text.includes(PROJECT) ? PROJECT : USER;
        const values = variable === USER ? [name] : memberships.map(({ project }) => project);
        return values.flatMap((value) => this.#filled(selector.text, variable, value) ?? []);
      }
    }
  }

  /**
   * Whether a subject may be allowed anything: false only if everything is denied. A denial counts only where it covers
   * all that an allowance covers.
   */
  allowsAnything(subject: Subject): boolean {
    const denied: Rule[] = [];
    const meaning = { groups: this.#groups, candidates: this.#classes?.candidates };
    for (const { rule, isFrom } of this.#rules) {
      if (!isFrom(subject.address)) continue;
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

  /** Whether a selector can match a repository for this subject. */
  #isForSome(selector: RepositorySelector, action: Action, subject: Subject): boolean {
    const isOnRegistry = REGISTRY_ACTIONS.some((each) => each === action);
    if (isOnRegistry) return isForAll(selector);
    if (selector.kind === 'pattern') return true;
    if (selector.kind !== 'template') return this.#classes !== undefined;
    return selector.text.includes(PROJECT) ? subject.memberships.length > 0 : subject.name !== '';
  }

  /** Why a rule does not match; undefined if it does. */
  #miss({ rule, isFrom }: Compiled, subject: Subject, wanted: AccessRequest): Miss | undefined {
    if (!rule.actions.includes(wanted.action)) return 'action';
    if (!isFrom(subject.address)) return 'address';
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
   * Whether a selector matches a request. `${project}` stands for the projects by which the subject matched: `role:member`
   * with `${project}/**` means the projects in which they are a member, not their other ones. Actions on the registry
   * as a whole match only rules for all repositories.
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
   * A name that is not valid as one part of a repository's name owns no repositories: `a/b`, `Alice`, `*`. Nor does a
   * user called `candidate` or the like own the repositories below that reserved first part.
   */
  #filled(template: string, variable: string, value: string): string | undefined {
    if (!isRepositoryName(value) || value.includes('/')) return undefined;
    if (template.startsWith(variable) && this.#reserved.has(value)) return undefined;
    return template.replaceAll(variable, () => value);
  }

  #fits(template: string, variable: string, value: string, name: RepositoryName): boolean {
    const text = this.#filled(template, variable, value);
    return text !== undefined && parseRepositoryPattern(text)?.matches(name) === true;
  }
}

interface Compiled {
  readonly rule: Rule;
  readonly isFrom: NetworkTest;
}

/**
 * Whether a rule's networks match an address. The address of a closed connection is unknown: it matches no network of a
 * rule that allows, and every network of a rule that denies.
 */
function addressTest({ effect, networks }: Rule): NetworkTest {
  if (networks.length === 0) return () => true;
  const isFrom = networkTest(networks);
  return (address) => (isAddress(address) ? isFrom(address) : effect === 'deny');
}

/** The literal first parts of the names of candidates and stable repositories. */
function reservedNames(patterns: readonly RepositoryPattern[]): ReadonlySet<string> {
  return new Set(patterns.map(({ text }) => text.split('/', 1).join()).filter((part) => !part.includes('*')));
}

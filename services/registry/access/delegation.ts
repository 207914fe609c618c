import { ACTIONS } from './access-request.ts';
import { networkTest } from './networks.ts';
import { type Groups, isForAll, type Rule } from './rule.ts';
import type { Subject } from './subject.ts';
import { membershipsOf } from './subject-match.ts';

/**
 * The groups into which somebody may put robots: their own ones, or `*` for all if they may do everything. Somebody whom a
 * rule denies what it would not deny their robots may have no robot: it could do what they may not.
 */
export type DelegableGroups = '*' | readonly string[] | { readonly deniedBy: string };

/** A robot of which rules know nothing but that it is one. */
const PLAIN_ROBOT: Subject = { kind: 'robot', name: '', groups: [], memberships: [], address: '' };

/** Decides what somebody who may administer may give to a robot: nothing that they do not have. */
export class Delegation {
  readonly #rules: readonly Rule[];
  readonly #groups: Groups;

  constructor({ rules, groups }: { readonly rules: readonly Rule[]; readonly groups: Groups }) {
    this.#rules = rules;
    this.#groups = groups;
  }

  /** The groups that a subject may give away. Groups that no rule names are left out: they give nothing. */
  delegableBy(subject: Subject): DelegableGroups {
    let isDenied = false;
    for (const rule of this.#rules) {
      if (!this.#isFor(rule, subject)) continue;
      // From wherever it denies something: the robot may be there.
      if (rule.effect === 'deny' && !this.#isForRobots(rule)) return { deniedBy: rule.name };
      if (rule.networks.length > 0 && !networkTest(rule.networks)(subject.address)) continue;
      if (rule.effect === 'deny') isDenied = true;
      else if (!isDenied && allowsEverything(rule)) return '*';
    }
    return this.#groupsOf(subject);
  }

  /** Why somebody may not have the secret of this robot; undefined if they may. */
  obstacle(giver: DelegableGroups, name: string, groups: readonly string[]): string | undefined {
    if (giver === '*') return undefined;
    if ('deniedBy' in giver)
      return `the rule ${giver.deniedBy} denies you something, and would not deny it to every robot`;
    const robot: Subject = { ...PLAIN_ROBOT, name, groups };
    const group = [...groups, ...this.#groupsOf(robot)].find((each) => !giver.includes(each));
    if (group !== undefined) return `it would be in the group ${group}, in which you are not`;
    const rule = this.#rules.find(({ subjects }) =>
      subjects.some((each) => each.kind === 'robot' && each.name === name),
    );
    return rule && `the rule ${rule.name} names it`;
  }

  /** Every group of a subject that a rule names: by its account, or by the configuration. */
  #groupsOf(subject: Subject): readonly string[] {
    const named = this.#rules.flatMap(({ subjects }) => subjects.filter(({ kind }) => kind === 'group'));
    const own = named.filter((pattern) => membershipsOf(pattern, subject, this.#groups) !== undefined);
    return [...new Set(own.map((pattern) => ('name' in pattern ? pattern.name : '')))];
  }

  #isFor({ subjects }: Rule, subject: Subject): boolean {
    return subjects.some((pattern) => membershipsOf(pattern, subject, this.#groups) !== undefined);
  }

  /** Whether a rule is for every robot as for anybody else: `${user}` means another repository for each. */
  #isForRobots(rule: Rule): boolean {
    return this.#isFor(rule, PLAIN_ROBOT) && rule.repositories.every(({ kind }) => kind !== 'template');
  }
}

function allowsEverything({ actions, repositories }: Rule): boolean {
  return ACTIONS.every((action) => actions.includes(action)) && repositories.some(isForAll);
}

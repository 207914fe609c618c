import { ACTIONS } from './access-request.ts';
import { networkTest } from './networks.ts';
import { type Groups, isForAll, type Rule } from './rule.ts';
import type { Subject } from './subject.ts';
import { membershipsOf } from './subject-match.ts';

/** The groups into which somebody may put robots: their own ones, or `*` for all if they may do everything. */
export type DelegableGroups = '*' | readonly string[];

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
    return this.#allowsEverything(subject) ? '*' : this.#groupsOf(subject);
  }

  /** Why somebody may not have the secret of this robot; undefined if they may. */
  obstacle(giver: DelegableGroups, name: string, groups: readonly string[]): string | undefined {
    if (giver === '*') return undefined;
    const robot: Subject = { kind: 'robot', name, groups, memberships: [], address: '' };
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

  /** True only if a single rule allows every action everywhere, and no earlier one denies the subject anything. */
  #allowsEverything(subject: Subject): boolean {
    for (const { effect, actions, networks, subjects, repositories } of this.#rules) {
      if (networks.length > 0 && !networkTest(networks)(subject.address)) continue;
      if (!subjects.some((pattern) => membershipsOf(pattern, subject, this.#groups))) continue;
      if (effect === 'deny') return false;
      if (ACTIONS.every((action) => actions.includes(action)) && repositories.some(isForAll)) return true;
    }
    return false;
  }
}

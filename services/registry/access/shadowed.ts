import type { RepositoryPattern } from '../oci/repository-pattern.ts';
import { networkWithin } from './networks.ts';
import {
  type Groups,
  isForAll,
  PROJECT,
  type RepositorySelector,
  type Rule,
  type SubjectPattern,
  USER,
} from './rule.ts';

/** The groups and promotion patterns that patterns of subjects and repositories refer to. */
interface Meaning {
  readonly groups: Groups;
  readonly candidates: readonly RepositoryPattern[] | undefined;
}

/**
 * The names of earlier rules that decide everything that this one matches; undefined if something may be left for it.
 * Reports only what is certain: for each action a single earlier rule that covers all its networks, subjects and
 * repositories.
 */
export function findBehind(rule: Rule, before: readonly Rule[], meaning: Meaning): string[] | undefined {
  const deciding = rule.actions.map((action) =>
    before.find((earlier) => earlier.actions.includes(action) && isAsWide(earlier, rule, meaning)),
  );
  const names = deciding.flatMap((earlier) => (earlier ? [earlier.name] : []));
  return names.length === rule.actions.length ? [...new Set(names)] : undefined;
}

function isAsWide(earlier: Rule, rule: Rule, meaning: Meaning): boolean {
  // A denial matches an unknown address, an allowance does not.
  const isFromThere =
    earlier.networks.length === 0 ||
    (rule.networks.length > 0 &&
      (earlier.effect === 'deny' || rule.effect === 'allow') &&
      rule.networks.every((network) => earlier.networks.some((wide) => networkWithin(network, wide))));
  if (!isFromThere) return false;
  return rule.subjects.every((subject) =>
    earlier.subjects.some(
      (wide) =>
        coversSubject(wide, subject, meaning.groups) &&
        rule.repositories.every((selector) =>
          earlier.repositories.some((each) => coversSelector(each, selector, meaning)),
        ),
    ),
  );
}

/** Whether a pattern matches every subject that another one matches, through all of the same memberships. */
function coversSubject(wide: SubjectPattern, narrow: SubjectPattern, groups: Groups): boolean {
  if (wide.kind === 'everyone') return true;
  switch (wide.kind) {
    case 'anonymous':
      return narrow.kind === 'anonymous';
    case 'authenticated':
      return narrow.kind === 'group'
        ? !(groups.get(narrow.name) ?? []).some(({ kind }) => kind === 'everyone' || kind === 'anonymous')
        : narrow.kind !== 'everyone' && narrow.kind !== 'anonymous';
    case 'project':
      return (
        (narrow.kind === 'project' && narrow.name === wide.name) ||
        (narrow.kind === 'role' && narrow.project === wide.name)
      );
    case 'role':
      return (
        narrow.kind === 'role' &&
        narrow.name === wide.name &&
        (wide.project === undefined || wide.project === narrow.project)
      );
    case 'group': {
      if (narrow.kind === 'group' && narrow.name === wide.name) return true;
      const members = groups.get(wide.name) ?? [];
      return members.some((member) =>
        member.kind === 'group'
          ? narrow.kind === 'group' && narrow.name === member.name && !groups.has(narrow.name)
          : coversSubject(member, narrow, groups),
      );
    }
    case 'user':
    case 'robot':
      return narrow.kind === wide.kind && narrow.name === wide.name;
  }
}

/** Whether a selector matches everything that another one matches. False if that is not certain. */
export function coversSelector(
  wide: RepositorySelector,
  narrow: RepositorySelector,
  meaning: Meaning,
): boolean {
  if (isForAll(wide)) return true;
  // A selector for all repositories also matches the registry as a whole.
  if (isForAll(narrow)) return false;
  switch (narrow.kind) {
    case 'candidates':
      return (
        wide.kind === 'candidates' || (meaning.candidates ?? []).every(({ text }) => coversText(wide, text))
      );
    case 'stable':
      return wide.kind === 'stable';
    case 'template':
      return (
        (wide.kind === 'template' && wide.text === narrow.text) ||
        coversText(wide, narrow.text.replaceAll(USER, '*').replaceAll(PROJECT, '*'))
      );
    case 'pattern':
      return coversText(wide, narrow.pattern.text);
  }
}

function coversText(wide: RepositorySelector, narrow: string): boolean {
  return wide.kind === 'pattern' && includes(wide.pattern.text.split('/'), narrow.split('/'));
}

/** Whether the first pattern matches every name that the second matches. False if that is not certain. */
function includes(wide: readonly string[], narrow: readonly string[]): boolean {
  const [first, ...rest] = wide;
  const [part, ...parts] = narrow;
  if (first === undefined || part === undefined) return first === part;
  if (first === '**') return includes(rest, parts) || includes(wide, parts);
  // `**` is one part, or one and more.
  if (part === '**') return includes(wide, ['*', ...parts]) && includes(wide, ['*', '**', ...parts]);
  return (first === '*' || first === part) && includes(rest, parts);
}

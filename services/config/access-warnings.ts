import type { Groups, Rule } from '../registry/access/rule.ts';
import { findBehind } from '../registry/access/shadowed.ts';
import { STANDARD_RULES } from '../registry/access/standard-rules.ts';
import { ANONYMOUS, type Subject } from '../registry/access/subject.ts';
import { membershipsOf } from '../registry/access/subject-match.ts';
import { isRepositoryName } from '../registry/oci/names.ts';
import { isStable } from '../registry/oci/repository-classes.ts';
import { groupOf, groupProblem } from './group-problem.ts';
import { isOfThisMachine, isPlainBeyond } from './reach.ts';
import { accessRulesOf } from './rules.ts';
import type { Settings } from './schema.ts';

/** Somebody without a login, from an address that no private network has. */
const NOBODY: Subject = { ...ANONYMOUS, address: '192.0.2.1' };
const NO_GROUPS: Groups = new Map();

/** Warnings of rules that are allowed but hardly intended; each line names a key. */
export function* accessWarnings(config: Settings): Generator<string> {
  const { access, promotion, token, auth } = config;
  const rulesAreAsked = access !== undefined || token !== undefined;
  const rules = access?.rules ?? (rulesAreAsked ? STANDARD_RULES : []);
  if (access) yield* ofRules(config, access);
  yield* groupWarnings(config, rules);
  if (auth?.token || auth?.htpasswd) yield* openRepositories(rules, access?.groups ?? NO_GROUPS, promotion);
  if (rulesAreAsked || (config.mirrors.length > 0 && (auth?.token || auth?.htpasswd)))
    yield* publishedAndClosed(config, rulesAreAsked);
  if (auth?.htpasswd && access) yield* dockerWithoutLogin(config, rules);
}

/** What docker needs to pull without a login from a registry with `auth.htpasswd`. */
function* dockerWithoutLogin({ http, access }: Settings, rules: readonly Rule[]): Generator<string> {
  if (!rules.some((rule) => allowsAnonymous(rule, access?.groups ?? NO_GROUPS)) || isOfThisMachine(http))
    return;
  const isPlain = http.host !== undefined && isPlainBeyond(http.host);
  if (http.host === undefined || isPlain)
    yield `http.host ${isPlain ? `= ${http.host}` : 'is missing'}: docker may be unable to pull without a login what ` +
      "rules allow anonymous clients: expected the registry's public URL, with https";
  if (http.secret === undefined)
    yield 'http.secret is missing: docker cannot pull without a login what rules allow anonymous clients: expected 32 ' +
      'random characters or more, the same on every node';
}

function* ofRules(
  config: Settings,
  { groups, rules, ownRules }: NonNullable<Settings['access']>,
): Generator<string> {
  const candidates = config.promotion?.candidates;
  for (const [i, rule] of rules.entries()) {
    const isOwn = i < ownRules;
    const key = isOwn ? `access.rules.${i}` : 'access.standard';
    // Without promotion, some standard rules have no effect; that needs no warning.
    const behind =
      isOwn || candidates ? findBehind(rule, rules.slice(0, i), { groups, candidates }) : undefined;
    if (behind)
      yield `${key}: the rule ${rule.name} has no effect: everything it matches is already decided by ${behind.join(', ')}`;
    const risky = openToAll(rule, groups);
    if (risky.length > 0)
      yield `${key}: the rule ${rule.name} lets everyone ${risky.join(', ')}, from anywhere`;
    if (!isOwn) continue;
    for (const group of rule.subjects.flatMap(groupOf)) {
      const problem = groupProblem(config, group);
      if (problem !== undefined) yield `${key}.subjects: ${problem}`;
    }
    if (isPushToStable(rule))
      yield `${key}: stable repositories change by promotion only, whatever the rule ${rule.name} allows`;
  }
}

function* groupWarnings(config: Settings, rules: readonly Rule[]): Generator<string> {
  const used = new Set(rules.flatMap(({ subjects }) => subjects.flatMap(groupOf)));
  for (const [name, members] of config.access?.groups ?? []) {
    if (!used.has(name)) yield `access.groups.${name}: no rule uses this group`;
    for (const group of members.flatMap(groupOf)) {
      const problem = groupProblem(config, group);
      if (problem !== undefined) yield `access.groups.${name}: ${problem}`;
    }
  }
}

/** Actions that are rarely meant for everyone, if a rule allows them to everyone. */
function openToAll(rule: Rule, groups: Groups): string[] {
  if (!allowsAnonymous(rule, groups) || rule.networks.length > 0) return [];
  return rule.actions.filter((action) => action !== 'pull' && action !== 'catalog' && action !== 'view');
}

function isPushToStable({ effect, actions, repositories }: Rule): boolean {
  const isChange = actions.includes('push') || actions.includes('delete');
  return effect === 'allow' && isChange && repositories.every(({ kind }) => kind === 'stable');
}

/** Promoted content goes to mirrors, which require no credentials. */
function* publishedAndClosed(config: Settings, rulesAreAsked: boolean): Generator<string> {
  const { promotion } = config;
  if (promotion === undefined) return;
  const rules = accessRulesOf(config);
  const mayPull = (name: string) =>
    rulesAreAsked &&
    isRepositoryName(name) &&
    rules.decide(NOBODY, { type: 'repository', name, action: 'pull' }).isAllowed;
  const closed = samplesOf(config).find((name) => !mayPull(name));
  if (closed !== undefined)
    yield `promotion: anonymous clients may not pull every stable repository (such as ${closed}) from anywhere, but promoted ` +
      'content is published: mirrors serve its blobs to everyone that knows their digests, and what a mirror lacks is not ' +
      'served to it at /origin/';
}

/** Names of stable repositories: of each pattern in promotion.stable, and of each pattern of a rule. */
function samplesOf({ access, promotion }: Settings): string[] {
  const { candidates = [], stable = [] } = promotion ?? {};
  const patterns = (access?.rules ?? []).flatMap(({ repositories }) =>
    repositories.flatMap((each) => (each.kind === 'pattern' ? [each.pattern.text] : [])),
  );
  const names = [
    ...stable.map(({ text }) => text),
    ...(promotion?.stable ? [] : ['**']),
    ...patterns,
  ].flatMap((text) => [
    text.replaceAll('**', 'sample').replaceAll('*', 'sample'),
    text.replaceAll('**', 'sample/other').replaceAll('*', 'sample'),
  ]);
  return names.filter(
    (name) => isRepositoryName(name) && isStable({ candidates, stable: promotion?.stable }, name),
  );
}

/** Whether a rule allows its actions to clients without a login. */
function allowsAnonymous({ effect, subjects }: Rule, groups: Groups): boolean {
  return effect === 'allow' && subjects.some((each) => membershipsOf(each, NOBODY, groups) !== undefined);
}

/** Without `promotion.stable`, users' own repositories are stable, too. */
function* openRepositories(
  rules: readonly Rule[],
  groups: Groups,
  promotion: Settings['promotion'],
): Generator<string> {
  if (promotion === undefined || promotion.stable !== undefined) return;
  const open = rules.find(
    (rule) =>
      allowsAnonymous(rule, groups) &&
      rule.actions.includes('pull') &&
      rule.repositories.some(({ kind }) => kind === 'stable'),
  );
  if (open)
    yield 'promotion.stable is missing: every repository but candidates is stable, refuses pushes, and is open to everyone by ' +
      `the rule ${open.name}: expected patterns such as fedora/**, unless that is intended`;
}

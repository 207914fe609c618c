import { printSubjectPattern } from '../registry/access/read-rule.ts';
import type { Rule } from '../registry/access/rule.ts';
import { findBehind } from '../registry/access/shadowed.ts';
import { STANDARD_RULES } from '../registry/access/standard-rules.ts';
import { isOfThisMachine, isPlainBeyond } from './reach.ts';
import type { Config } from './schema.ts';

/** Warnings of rules that are allowed but hardly intended; each line names a key. */
export function accessWarnings(config: Omit<Config, 'notices'>): string[] {
  const { access, promotion, token, auth } = config;
  const rulesAreAsked = access !== undefined || token !== undefined;
  const rules = access?.rules ?? (rulesAreAsked ? STANDARD_RULES : []);
  return [
    ...(access ? ofRules(config, access) : []),
    ...unusedGroups(config, rules),
    ...(auth?.token || auth?.htpasswd ? openRepositories(rules, promotion) : []),
    ...(rulesAreAsked ? publishedAndClosed(rules, promotion) : []),
    ...(auth?.htpasswd && access ? dockerWithoutLogin(config, rules) : []),
  ];
}

/** What docker needs to pull without a login from a registry with `auth.htpasswd`. */
function dockerWithoutLogin({ http }: Omit<Config, 'notices'>, rules: readonly Rule[]): string[] {
  if (!rules.some(allowsAnonymous) || isOfThisMachine(http)) return [];
  const warnings: string[] = [];
  const isPlain = http.host !== undefined && isPlainBeyond(http.host);
  if (http.host === undefined || isPlain)
    warnings.push(
      `http.host ${isPlain ? `= ${http.host}` : 'is missing'}: docker may be unable to pull without a login what ` +
        "rules allow anonymous clients: expected the registry's public URL, with https",
    );
  if (http.secret === undefined)
    warnings.push(
      'http.secret is missing: docker cannot pull without a login what rules allow anonymous clients: expected 32 ' +
        'random characters or more, the same on every node',
    );
  return warnings;
}

function ofRules(
  config: Omit<Config, 'notices'>,
  { groups, rules, ownRules }: NonNullable<Config['access']>,
): string[] {
  const candidates = config.promotion?.candidates;
  return rules.flatMap((rule, i) => {
    const isOwn = i < ownRules;
    const key = isOwn ? `access.rules.${i}` : 'access.standard';
    // Without promotion, some standard rules have no effect; that needs no warning.
    const behind =
      isOwn || candidates ? findBehind(rule, rules.slice(0, i), { groups, candidates }) : undefined;
    const needless = behind
      ? [
          `${key}: the rule ${rule.name} has no effect: everything it matches is already decided by ${behind.join(', ')}`,
        ]
      : [];
    if (!isOwn) return needless;
    return [
      ...needless,
      ...undefinedGroups(config, rule).map(
        (group) =>
          `${key}.subjects: only robots can be in the group ${group}: expected access.groups.${group} with its ` +
          'members, unless it is meant for robots only',
      ),
      ...openToAll(rule).map(
        (actions) => `${key}: the rule ${rule.name} lets everyone ${actions}, from anywhere`,
      ),
      ...(isPushToStable(rule)
        ? [`${key}: stable repositories change by promotion only, whatever the rule ${rule.name} allows`]
        : []),
    ];
  });
}

/** Groups that a rule names, but neither the configuration nor a source of accounts has members for. */
function undefinedGroups({ access, accounts }: Omit<Config, 'notices'>, rule: Rule): string[] {
  if (accounts.some(({ oidc, keystone }) => oidc ?? keystone)) return [];
  return rule.subjects.flatMap((subject) =>
    subject.kind === 'group' && !access?.groups.has(subject.name) ? [subject.name] : [],
  );
}

function unusedGroups({ access }: Omit<Config, 'notices'>, rules: readonly Rule[]): string[] {
  const used = new Set(rules.flatMap(({ subjects }) => subjects.map(printSubjectPattern)));
  return [...(access?.groups.keys() ?? [])]
    .filter((name) => !used.has(`group:${name}`))
    .map((name) => `access.groups.${name}: no rule uses this group`);
}

/** Actions that are rarely meant for everyone. */
function openToAll(rule: Rule): string[] {
  const risky = rule.actions.filter(
    (action) => action !== 'pull' && action !== 'catalog' && action !== 'view',
  );
  return allowsAnonymous(rule) && rule.networks.length === 0 && risky.length > 0 ? [risky.join(', ')] : [];
}

function isPushToStable({ effect, actions, repositories }: Rule): boolean {
  const isChange = actions.includes('push') || actions.includes('delete');
  return effect === 'allow' && isChange && repositories.every(({ kind }) => kind === 'stable');
}

/** Promoted content goes to mirrors, which require no credentials. */
function publishedAndClosed(rules: readonly Rule[], promotion: Config['promotion']): string[] {
  if (promotion === undefined || rules.some(isOpenToPulls)) return [];
  return [
    'promotion: no rule lets anonymous clients pull stable repositories, but promoted content is published: its blobs are ' +
      'served to everyone that knows their digests',
  ];
}

function isOpenToPulls(rule: Rule): boolean {
  return allowsAnonymous(rule) && rule.actions.includes('pull');
}

/** Whether a rule allows its actions to clients without a login. */
function allowsAnonymous({ effect, subjects }: Rule): boolean {
  return effect === 'allow' && subjects.some(({ kind }) => kind === 'everyone' || kind === 'anonymous');
}

/** Without `promotion.stable`, users' own repositories are stable, too. */
function openRepositories(rules: readonly Rule[], promotion: Config['promotion']): string[] {
  if (promotion === undefined || promotion.stable !== undefined) return [];
  const open = rules.find(
    (rule) => isOpenToPulls(rule) && rule.repositories.some(({ kind }) => kind === 'stable'),
  );
  return open
    ? [
        'promotion.stable is missing: every repository but candidates is stable, refuses pushes, and is open to everyone by ' +
          `the rule ${open.name}: expected patterns such as fedora/**, unless that is intended`,
      ]
    : [];
}

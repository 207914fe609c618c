import { accessRulesOf, promotionPolicyOf } from '../../config/rules.ts';
import type { Config } from '../../config/schema.ts';
import type { AccessRequest } from '../../registry/access/access-request.ts';
import { printRepositorySelector, printSubjectPattern } from '../../registry/access/read-rule.ts';
import { PROJECT, type RepositorySelector, type Rule, USER } from '../../registry/access/rule.ts';
import type { Miss } from '../../registry/access/rules.ts';
import type { Subject } from '../../registry/access/subject.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { isStable } from '../../registry/oci/repository-classes.ts';

/** A decision in plain words. */
export interface Answer {
  readonly allowed: boolean;
  /** The sentence that answers the question, with its reason. */
  readonly headline: string;
  /** The rule that decided; undefined when none did. */
  readonly rule?: string;
  /** What prevents it although the rules allow it. */
  readonly obstacle?: string;
  /** The rules that were evaluated, in order. */
  readonly steps: readonly { readonly rule: string; readonly decides: boolean; readonly why: string }[];
  /** Whether the answer may differ for another address. */
  readonly dependsOnAddress: boolean;
}

/**
 * What a registry with this configuration answers to a request. Throws PARAMETER_INVALID if the configuration does not
 * decide that.
 */
export function answer(config: Config, subject: Subject, wanted: AccessRequest): Answer {
  const without = withoutRules(config, subject);
  if (without !== undefined) {
    const { allowed, reason } = without;
    return finished(config, subject, wanted, { allowed, reason, steps: [], dependsOnAddress: false });
  }
  const { isAllowed, decidedBy, passed } = accessRulesOf(config).explain(subject, wanted);
  const steps = passed.map(({ rule, miss }) => ({
    ...{ rule: rule.name, decides: false },
    why: missed(rule, miss, subject),
  }));
  const reason = decidedBy
    ? `the rule ${decidedBy.name} ${isAllowed ? 'allows' : 'denies'} it`
    : 'no rule matches, and what no rule allows is denied';
  return finished(config, subject, wanted, {
    ...{ allowed: isAllowed, reason },
    ...(decidedBy && { rule: decidedBy.name }),
    steps: decidedBy
      ? [...steps, { rule: decidedBy.name, decides: true, why: decided(decidedBy, subject) }]
      : steps,
    dependsOnAddress: passed.some(({ miss }) => miss === 'address') || (decidedBy?.networks.length ?? 0) > 0,
  });
}

/** The answer where rules play no part; undefined where they decide. */
function withoutRules(config: Config, { kind }: Subject): { allowed: boolean; reason: string } | undefined {
  const { auth, access, token } = config;
  if (!auth?.token && !auth?.htpasswd)
    return { allowed: true, reason: 'no authentication is configured: everyone may do everything' };
  if (auth.token && !token && kind !== 'anonymous')
    throw new RegistryError(
      'PARAMETER_INVALID',
      `the tokens of ${auth.token.issuer} decide, not rules of this configuration: ask there`,
    );
  if (access || token) return undefined;
  if (kind === 'anonymous')
    return { allowed: false, reason: 'anonymous clients may do nothing, as there is no section access' };
  return { allowed: true, reason: 'every logged-in user may do everything, as there is no section access' };
}

function finished(
  config: Config,
  subject: Subject,
  wanted: AccessRequest,
  { reason, ...verdict }: Omit<Answer, 'headline'> & { reason: string },
): Answer {
  const obstacle = verdict.allowed ? obstacleTo(config, wanted) : undefined;
  const allowed = verdict.allowed && obstacle === undefined;
  const who = subject.kind === 'anonymous' ? 'Anonymous clients' : subject.name;
  const headline = `${who} ${allowed ? 'may' : 'may not'} ${deed(wanted)}: ${reason}${obstacle === undefined ? '' : `, but ${obstacle}`}.`;
  return { ...verdict, allowed, headline, ...(obstacle !== undefined && { obstacle }) };
}

/** What no rule can override. */
function obstacleTo(config: Config, wanted: AccessRequest): string | undefined {
  if (wanted.type === 'registry' || wanted.action === 'pull') return undefined;
  const { name, action } = wanted;
  if (config.storage.maintenance.readonly.enabled)
    return 'the registry is read-only (storage.maintenance.readonly)';
  const policy = promotionPolicyOf(config);
  if (action === 'promote') {
    if (policy === undefined) return 'promotion needs the section promotion';
    return isStable(policy, name)
      ? undefined
      : `${name} is not a stable repository: images are promoted only into those`;
  }
  if (action === 'delete' && !config.storage.delete.enabled)
    return 'deletes are disabled (storage.delete.enabled)';
  return policy && isStable(policy, name)
    ? `${name} is a stable repository: it changes only by promotion`
    : undefined;
}

/** Each action in words; those on a repository end before its name. */
const DEEDS = {
  catalog: 'list all repositories (catalog)',
  view: 'look at publications, mirrors and status (view)',
  administer: 'administer robots and keys (administer)',
  pull: 'pull from',
  push: 'push to',
  delete: 'delete from',
  promote: 'promote into',
} as const satisfies Record<AccessRequest['action'], string>;

function deed(wanted: AccessRequest): string {
  return wanted.type === 'registry' ? DEEDS[wanted.action] : `${DEEDS[wanted.action]} ${wanted.name}`;
}

function missed(rule: Rule, miss: Miss, subject: Subject): string {
  switch (miss) {
    case 'action':
      return `it is about ${rule.actions.join(', ')}`;
    case 'address':
      return `it is for clients in ${rule.networks.join(', ')}, not at ${subject.address}`;
    case 'subject':
      return `it is for ${rule.subjects.map(printSubjectPattern).join(', ')}`;
    case 'repository':
      return `it is about ${selectors(rule, subject)}`;
  }
}

function decided(rule: Rule, subject: Subject): string {
  const verb = rule.effect === 'allow' ? 'allows' : 'denies';
  const from = rule.networks.length > 0 ? ` from ${rule.networks.join(', ')}` : '';
  const whom = rule.subjects.map(printSubjectPattern).join(', ');
  return `it ${verb} ${rule.actions.join(', ')} on ${selectors(rule, subject)} to ${whom}${from}`;
}

function selectors({ repositories }: Rule, subject: Subject): string {
  return repositories
    .map((selector) => printRepositorySelector(selector) + filledIn(selector, subject))
    .join(', ');
}

/** The repositories that a selector with a variable means for this subject. */
function filledIn(selector: RepositorySelector, { name, memberships }: Subject): string {
  if (selector.kind !== 'template') return '';
  const isUser = selector.text.includes(USER);
  const values = isUser ? [name] : memberships.map(({ project }) => project);
  const filled = values.map((value) => selector.text.replaceAll(isUser ? USER : PROJECT, () => value));
  return filled.length > 0 ? ` (here: ${filled.join(', ')})` : ' (here: none)';
}

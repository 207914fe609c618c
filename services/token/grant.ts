import { type AccessEntry, parseScopes, toScope } from '../registry/access/access-request.ts';
import type { DelegableGroups, Delegation } from '../registry/access/delegation.ts';
import type { PullableList } from '../registry/access/pullable.ts';
import type { AccessRules } from '../registry/access/rules.ts';
import type { Subject } from '../registry/access/subject.ts';

/** What was granted of a request for scopes. */
export interface Granted {
  /** The claim `access`; empty when nothing was granted. */
  readonly access: readonly AccessEntry[];
  /** The rule that allowed each of the actions in `access`, in their order. */
  readonly rules: readonly string[];
  /** What lists may show the client; only with the right to ask for such a list, or to promote. */
  readonly pullable: PullableList | undefined;
  /** With the right to administer: the groups into which its holder may put robots. */
  readonly delegable: DelegableGroups | undefined;
}

/** By what scopes are granted. */
export interface GrantingRules {
  readonly rules: AccessRules;
  readonly delegation: Delegation;
}

/** The requested scopes, as far as the rules allow them. */
export function grant(
  { rules, delegation }: GrantingRules,
  subject: Subject,
  scopes: readonly string[],
): Granted {
  let showsLists = false;
  let delegable: DelegableGroups | undefined;
  const granted = new Map<string, { type: string; name: string; actions: Map<string, string> }>();
  for (const wanted of parseScopes(scopes)) {
    const { isAllowed, rule = '' } = rules.decide(subject, wanted);
    if (!isAllowed) continue;
    showsLists ||= wanted.action === 'view' || wanted.action === 'promote';
    if (wanted.action === 'administer') delegable = delegation.delegableBy(subject);
    const { type, name, action } = toScope(wanted);
    const resource = `${type}:${name}`;
    const entry = granted.get(resource) ?? { type, name, actions: new Map<string, string>() };
    entry.actions.set(action, rule);
    granted.set(resource, entry);
  }
  const entries = [...granted.values()];
  return {
    access: entries.map(({ type, name, actions }) => ({ type, name, actions: [...actions.keys()] })),
    rules: entries.flatMap(({ actions }) => [...actions.values()]),
    pullable: showsLists ? rules.pullable(subject) : undefined,
    delegable,
  };
}

/** The granted scopes, in the form of OAuth 2.0's answers. */
export function printGranted({ access }: Pick<Granted, 'access'>): string {
  return access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' ');
}

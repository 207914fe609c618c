import { stringify } from 'yaml';
import { inspectConfig } from '../../services/config/load.ts';
import { accessRulesOf } from '../../services/config/rules.ts';
import {
  type AccessRequest,
  REGISTRY_ACTIONS,
  REPOSITORY_ACTIONS,
  type RegistryAction,
  type RepositoryAction,
} from '../../services/registry/access/access-request.ts';
import type { AccessRules } from '../../services/registry/access/rules.ts';
import type { Subject } from '../../services/registry/access/subject.ts';
import { parseRepositoryName } from '../../services/registry/oci/names.ts';
import type { WorldText } from './twin.ts';

/** The rules that a configuration file with these sections gives, by the way that every start takes. */
export function rulesFrom(
  world: { readonly [Key in keyof WorldText]?: WorldText[Key] | undefined },
): AccessRules {
  const { rules, groups, candidates, stable } = world;
  const text = stringify({
    version: 0.1,
    storage: 'filesystem',
    http: { addr: '127.0.0.1:5000' },
    auth: { htpasswd: { realm: 'r', path: '/p' } },
    access: { ...(rules && { rules }), ...(groups && { groups }) },
    ...(candidates && { promotion: { candidates, ...(stable && { stable }) } }),
  });
  const { config, problems } = inspectConfig(text, {});
  if (config === undefined) throw new Error(`${problems.join('\n')}\n${text}`);
  return accessRulesOf(config);
}

/** `pull a/b`, or `view`, as a rule is asked for it. */
export function wanted(action: string, repository?: string): AccessRequest {
  if (repository === undefined) {
    if (!REGISTRY_ACTIONS.includes(action as RegistryAction)) throw new Error(`${action} of what?`);
    return { type: 'registry', action: action as RegistryAction };
  }
  if (!REPOSITORY_ACTIONS.includes(action as RepositoryAction)) throw new Error(`${action} a repository?`);
  return {
    type: 'repository',
    name: parseRepositoryName(repository),
    action: action as RepositoryAction,
  };
}

const ADDRESS = '192.0.2.7';

export const anonymous: Subject = {
  ...{ kind: 'anonymous', name: '', groups: [], memberships: [], address: ADDRESS },
};

export function user(name: string, more: Partial<Subject> = {}): Subject {
  return { ...anonymous, kind: 'user', name, ...more };
}

export function robot(name: string, more: Partial<Subject> = {}): Subject {
  return { ...anonymous, kind: 'robot', name: `robot+${name}`, ...more };
}

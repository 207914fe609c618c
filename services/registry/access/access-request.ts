import { isRepositoryName, type RepositoryName } from '../oci/names.ts';

/** Actions on a repository: its images are `pull`ed, `push`ed and `delete`d; `promote` moves a stable tag. */
export const REPOSITORY_ACTIONS = ['pull', 'push', 'delete', 'promote'] as const;
export type RepositoryAction = (typeof REPOSITORY_ACTIONS)[number];

/**
 * Actions on the registry as a whole: list all repositories (`catalog`), look at publications, mirrors and status
 * (`view`), and manage robot accounts and keys (`administer`).
 */
export const REGISTRY_ACTIONS = ['catalog', 'view', 'administer'] as const;
export type RegistryAction = (typeof REGISTRY_ACTIONS)[number];

export type Action = RepositoryAction | RegistryAction;
export const ACTIONS: readonly Action[] = [...REPOSITORY_ACTIONS, ...REGISTRY_ACTIONS];

/** One thing that somebody wants to do. */
export type AccessRequest =
  | { readonly type: 'repository'; readonly name: RepositoryName; readonly action: RepositoryAction }
  | { readonly type: 'registry'; readonly action: RegistryAction };

/** The scope of each action on the registry: Distribution's own for the catalog, ours for the rest. */
const REGISTRY_SCOPES: Readonly<Record<RegistryAction, readonly [name: string, action: string]>> = {
  catalog: ['catalog', '*'],
  view: ['release', 'view'],
  administer: ['access', 'administer'],
};

/** An entry of a token's `access` claim, as Distribution has it (docs/spec/auth/jwt.md there). */
export interface AccessEntry {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** The resource and the action, as in a scope and in a token's `access` claim. */
export function toScope(wanted: AccessRequest): { type: string; name: string; action: string } {
  if (wanted.type === 'repository') return wanted;
  const [name, action] = REGISTRY_SCOPES[wanted.action];
  return { type: 'registry', name, action };
}

/** Access requests as scopes in a challenge: `repository:a/b:pull,push registry:catalog:*`. */
export function printScopes(wanted: readonly AccessRequest[]): string {
  const resources = Map.groupBy(wanted.map(toScope), ({ type, name }) => `${type}:${name}`);
  return [...resources]
    .map(([resource, each]) => `${resource}:${[...new Set(each.map(({ action }) => action))].join(',')}`)
    .join(' ');
}

/** A request for more resources than this is a mistake, or abuse. */
const SCOPES_MAX = 100;

/**
 * Parses the `scope` parameters of a request, each with one or more scopes separated by blanks
 * (docs/spec/auth/scope.md of Distribution). Unknown scopes are ignored, as the specification requires: the client is
 * granted the rest, or nothing. `*` stands for every action on a repository. Duplicates count once.
 */
export function parseScopes(texts: readonly string[]): AccessRequest[] {
  const scopes = texts.flatMap((text) => text.split(' ').filter((scope) => scope !== ''));
  const wanted = scopes.slice(0, SCOPES_MAX).flatMap(parseScope);
  return [...new Map(wanted.map((each) => [printScopes([each]), each])).values()];
}

function parseScope(scope: string): AccessRequest[] {
  const [type = '', ...rest] = scope.split(':');
  const actions = (rest.pop() ?? '').split(',');
  const name = rest.join(':');
  // `repository(plugin):…` names a class of content, which makes no difference here.
  if (/^repository(?:\([a-z0-9]+\))?$/.test(type)) {
    if (!isRepositoryName(name)) return [];
    const isAsked = (action: string) => actions.includes(action) || actions.includes('*');
    return REPOSITORY_ACTIONS.filter(isAsked).map((action) => ({ type: 'repository', name, action }));
  }
  if (type !== 'registry') return [];
  return REGISTRY_ACTIONS.filter((action) => {
    const [of, spelled] = REGISTRY_SCOPES[action];
    return name === of && actions.includes(spelled);
  }).map((action) => ({ type: 'registry', action }));
}

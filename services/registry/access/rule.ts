import type { RepositoryPattern } from '../oci/repository-pattern.ts';
import type { Action } from './access-request.ts';

/** Whom a rule is for; `role:member@alpha` is a role in one project, `role:member` one in any. */
export type SubjectPattern =
  | { readonly kind: 'everyone' | 'anonymous' | 'authenticated' }
  | { readonly kind: 'user' | 'robot' | 'group' | 'project'; readonly name: string }
  | { readonly kind: 'role'; readonly name: string; readonly project: string | undefined };

/** In a selector, the subject's own name, and that of a project that they are in. */
export const USER = '${user}';
export const PROJECT = '${project}';

/** Which repositories a rule is for. */
export type RepositorySelector =
  | { readonly kind: 'pattern'; readonly pattern: RepositoryPattern }
  /** With the subject's own name for `${user}`, and for `${project}` that of a project that they are in. */
  | { readonly kind: 'template'; readonly text: string }
  /** What the section `promotion` calls so. */
  | { readonly kind: 'candidates' | 'stable' };

/**
 * One rule of who may do what. It decides on a request when it names the action, the subject (any of `subjects`, from
 * any of `networks`) and the repository; the first rule that decides has the last word. An action on the registry as a
 * whole takes a rule for all repositories. Networks are those from which the token, or without tokens the request, was
 * asked for.
 */
export interface Rule {
  readonly name: string;
  readonly effect: 'allow' | 'deny';
  readonly actions: readonly Action[];
  readonly subjects: readonly SubjectPattern[];
  /** CIDR; empty for anywhere. */
  readonly networks: readonly string[];
  readonly repositories: readonly RepositorySelector[];
}

/** Whether a selector is for every repository, and so for the registry as a whole. */
export function isForAll(selector: RepositorySelector): boolean {
  return selector.kind === 'pattern' && selector.pattern.text === '**';
}

/** Who is in which group, besides those whom their accounts put there. No group stands in another one. */
export type Groups = ReadonlyMap<string, readonly SubjectPattern[]>;

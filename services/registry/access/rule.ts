import type { RepositoryPattern } from '../oci/repository-pattern.ts';
import type { Action } from './access-request.ts';

/** A pattern of subjects; `role:member@alpha` is a role in one project, `role:member` a role in any. */
export type SubjectPattern =
  | { readonly kind: 'everyone' | 'anonymous' | 'authenticated' }
  | { readonly kind: 'user' | 'robot' | 'group' | 'project'; readonly name: string }
  | { readonly kind: 'role'; readonly name: string; readonly project: string | undefined };

/** In a selector, the subject's own name, and the name of one of their projects. */
export const USER = '${user}';
export const PROJECT = '${project}';

/** A pattern of repositories. */
export type RepositorySelector =
  | { readonly kind: 'pattern'; readonly pattern: RepositoryPattern }
  /** `${user}` is the subject's own name, and `${project}` the name of one of their projects. */
  | { readonly kind: 'template'; readonly text: string }
  /** As the section `promotion` defines them. */
  | { readonly kind: 'candidates' | 'stable' };

/**
 * One access rule. It matches a request when it names the action, the subject (any of `subjects`, from any of
 * `networks`) and the repository; the first rule that matches decides. An action on the registry as a whole needs a rule
 * for all repositories. Networks apply to the client that asked for the token or, without tokens, made the request.
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

/** Whether a selector matches every repository, and so the registry as a whole. */
export function isForAll(selector: RepositorySelector): boolean {
  return selector.kind === 'pattern' && selector.pattern.text === '**';
}

/** Members of groups, in addition to those whose accounts name the group. Groups are not nested. */
export type Groups = ReadonlyMap<string, readonly SubjectPattern[]>;

import type { RepositoryName } from './names.ts';
import type { RepositoryPattern } from './repository-pattern.ts';

/** Which repositories hold candidates, and which are stable. */
export interface RepositoryClasses {
  readonly candidates: readonly RepositoryPattern[];
  /** Undefined for every repository that holds no candidates. Those that are neither are people's own: they take pushes. */
  readonly stable?: readonly RepositoryPattern[] | undefined;
}

/** Whether a repository holds candidates. */
export function isCandidate({ candidates }: RepositoryClasses, name: RepositoryName): boolean {
  return candidates.some((pattern) => pattern.matches(name));
}

/** Whether a repository changes only by promotion. */
export function isStable(classes: RepositoryClasses, name: RepositoryName): boolean {
  if (isCandidate(classes, name)) return false;
  return classes.stable?.some((pattern) => pattern.matches(name)) ?? true;
}

/** {@link isStable} of a policy; undefined without one, as no repository is stable then. */
export function stableTest(
  policy: RepositoryClasses | undefined,
): ((name: RepositoryName) => boolean) | undefined {
  return policy && ((name) => isStable(policy, name));
}

import { RegistryError } from '../../oci/errors.ts';
import type { ManifestRules } from '../../oci/manifest-rules.ts';
import type { RepositoryName } from '../../oci/names.ts';
import type { RepositoryPattern } from '../../oci/repository-pattern.ts';

/** Which repositories hold candidates, and which are stable. */
export interface RepositoryClasses {
  readonly candidates: readonly RepositoryPattern[];
  /** Undefined for every repository that holds no candidates. Those that are neither are people's own: they take pushes. */
  readonly stable?: readonly RepositoryPattern[] | undefined;
}

/** Which repositories take pushes and which change only by promotion. */
export interface PromotionPolicy extends RepositoryClasses {
  /** What an image must have; what an index may lack when pushed it may lack when promoted. */
  readonly manifests: ManifestRules;
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

/**
 * Throws DENIED for a push to a stable repository, naming the way in. Without a promotion policy the registry is a
 * plain one, and every repository takes pushes.
 */
export function refusePushToStable(policy: PromotionPolicy | undefined, name: RepositoryName): void {
  if (policy === undefined || !isStable(policy, name)) return;
  const patterns = policy.candidates.map((pattern) => pattern.text);
  const candidate = (patterns[0] ?? '').replace(/\*+$/, name);
  throw new RegistryError(
    'DENIED',
    `${name} is a stable repository: it changes only by promotion. Push to ${patterns.join(', ')}, then run: ` +
      `roadstead promote ${candidate}:TAG ${name}:TAG`,
    { repository: name, candidates: patterns },
  );
}

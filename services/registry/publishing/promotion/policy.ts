import { RegistryError } from '../../oci/errors.ts';
import type { ManifestRules } from '../../oci/manifest-rules.ts';
import type { RepositoryName } from '../../oci/names.ts';
import { isStable, type RepositoryClasses } from '../../oci/repository-classes.ts';

/** Which repositories take pushes and which change only by promotion. */
export interface PromotionPolicy extends RepositoryClasses {
  /** What an image must have; what an index may lack when pushed it may lack when promoted. */
  readonly manifests: ManifestRules;
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

import { RegistryError } from '../../oci/errors.ts';
import type { ManifestRules } from '../../oci/manifest-rules.ts';
import type { RepositoryName } from '../../oci/names.ts';
import { isStable, type RepositoryClasses } from '../../oci/repository-classes.ts';

/** Which repositories accept pushes and which change only by promotion. */
export interface PromotionPolicy extends RepositoryClasses {
  /** What an image must have; an index may lack the same in a promotion as in a push. */
  readonly manifests: ManifestRules;
}

/**
 * Throws DENIED for a push to a stable repository, with the command to use instead. Without a promotion policy every
 * repository accepts pushes.
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

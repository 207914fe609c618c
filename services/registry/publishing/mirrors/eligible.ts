import type { Sha256Digest } from '../../oci/digest.ts';
import type { MirrorState } from './mirror-states.ts';

/** Why a mirror may not be chosen for a blob. */
export type Ineligibility = 'behind' | 'missing' | 'unhealthy';

/**
 * The rule of the watermark: a mirror may be chosen for a blob exactly when it is healthy, has been brought up to
 * the blob's publication, and no crawl has found the blob missing. One comparison and one look at a short set.
 */
export function ineligibility(
  state: MirrorState,
  digest: Sha256Digest,
  publication: number,
): Ineligibility | undefined {
  if (!state.healthy) return 'unhealthy';
  if (publication > state.watermark) return 'behind';
  if (state.missing.has(digest)) return 'missing';
  return undefined;
}

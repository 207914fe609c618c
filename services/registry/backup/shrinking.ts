import { OperatorError } from '../runtime/operator-error.ts';
import { REPOSITORIES_PREFIX } from '../storage/layout.ts';
import { recordOf } from '../storage/layout-read.ts';
import type { Copier } from './copier.ts';

/** A backup that would lose a larger share of its manifests is left alone. */
const GONE_SHARE_MAX = 0.5;

/**
 * Throws if the source has lost so much that the backup should not follow: a store that was wiped, a wrong bucket, a disk
 * that is not mounted. It lists all of them even if a loss is allowed, so that what cannot be listed is known.
 */
export async function expectNoLoss(copier: Copier, allowsLoss: boolean): Promise<void> {
  let held = 0;
  let gone = 0;
  for await (const { key, inSource, inTarget } of copier.compare(REPOSITORIES_PREFIX)) {
    if (!inTarget || recordOf(key)?.kind !== 'revision') continue;
    held++;
    if (!inSource) gone++;
  }
  if (allowsLoss || gone <= held * GONE_SHARE_MAX) return;
  throw new OperatorError(
    `${gone} of the ${held} manifests of the backup are no longer in the store, so nothing was changed: ` +
      'check that the configuration names the right store, and that its disk is mounted; ' +
      'if they were deleted on purpose, add --allow-loss',
  );
}

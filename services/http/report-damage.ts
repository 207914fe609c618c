import type { Damage } from '../registry/content/integrity.ts';
import type { Log } from '../registry/runtime/log.ts';
import type { Metrics } from './metrics.ts';

/** Counts damaged content, and logs what the operator can do about it. */
export function reportDamage(metrics: Metrics, logger: Log): (damage: Damage) => void {
  const damagedBlobs = metrics.counter(
    'roadstead_damaged_blobs_total',
    'Stored blobs and manifests whose bytes do not have their digest, counted once for each version.',
  );
  return ({ digest, key, sizeBytes, actual }) => {
    damagedBlobs.inc();
    logger.error(
      { digest, key, sizeBytes, actual },
      'stored bytes do not match their digest and are not served: push the content again, which replaces them, or ' +
        'copy them from a mirror or a backup; then run "roadstead check --deep"',
    );
  };
}

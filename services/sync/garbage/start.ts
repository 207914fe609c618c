import type { Config } from '../../config/schema.ts';
import type { Metrics } from '../../http/metrics.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import type { Log } from '../../registry/runtime/log.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { GarbageWorker } from './worker.ts';

/** Starts the worker that collects garbage and purges uploads; none where the configuration asks for neither. */
export function startGarbageWorker(
  { garbagecollection, storage }: Config,
  objects: ObjectStore,
  audit: Audit,
  metrics: Metrics,
  logger: Log,
): AsyncDisposable {
  const { enabled, interval, grace, quarantine, deleteuntagged, requestspersecond } = garbagecollection;
  const { uploadpurging, readonly } = storage.maintenance;
  if (readonly.enabled || (!enabled && !uploadpurging.enabled)) return new AsyncDisposableStack();
  const settings = {
    collecting: enabled
      ? { intervalMs: interval, graceMs: grace, quarantineMs: quarantine, deleteUntagged: deleteuntagged }
      : undefined,
    purging: uploadpurging.enabled
      ? { ageMs: uploadpurging.age, intervalMs: uploadpurging.interval, dryRun: uploadpurging.dryrun }
      : undefined,
    requestsPerSecond: requestspersecond,
  };
  return new GarbageWorker({ objects, settings, audit, metrics, logger });
}

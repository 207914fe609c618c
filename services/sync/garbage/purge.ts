import { purgeUploads } from '../../registry/garbage/online/purge-uploads.ts';
import type { Log } from '../../registry/runtime/log.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';

/** Distribution's `storage.maintenance.uploadpurging`. Times in milliseconds. */
export interface PurgeSettings {
  readonly ageMs: number;
  readonly intervalMs: number;
  readonly dryRun: boolean;
}

export interface PurgeParts {
  readonly objects: ObjectStore;
  readonly settings: PurgeSettings;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
  readonly mayChange: () => Promise<void>;
  readonly logger: Log;
}

/** Purges uploads, and what writes that never ended have left in the store; answers how many uploads. */
export async function purge(parts: PurgeParts): Promise<number> {
  const { objects, settings, now, signal, mayChange, logger } = parts;
  const { ageMs, dryRun } = settings;
  const olderThan = new Date(now - ageMs);
  const purged = await purgeUploads(objects, {
    ...{ olderThan, dryRun, signal, mayChange },
    onUpload: ({ lastUsedAt, ...upload }) =>
      logger.info(
        { ...upload, lastUsedAt: lastUsedAt.toISOString() },
        dryRun ? 'an upload would be purged' : 'an upload is purged',
      ),
  });
  if (dryRun) return purged;
  await mayChange();
  const leftovers = await objects.removeLeftovers(olderThan, signal);
  if (leftovers) logger.info({ leftovers }, 'what unfinished writes had left was removed');
  return purged;
}

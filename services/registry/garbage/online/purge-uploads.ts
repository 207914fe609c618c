import type { Log } from '../../runtime/log.ts';
import { deleteAll } from '../../storage/delete-all.ts';
import type { Fence } from '../../storage/fence.ts';
import { partPrefix } from '../../storage/layout-read.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';
import { StoreReader } from '../../storage/store-reader.ts';
import { walkRepositories } from '../../storage/walk.ts';

/** Distribution's `storage.maintenance.uploadpurging`. Times in milliseconds. */
export interface PurgeSettings {
  /** Uploads to which nothing was added for this long go. */
  readonly ageMs: number;
  readonly intervalMs: number;
  readonly dryRun: boolean;
}

/** Larger than any time. */
const STARTED_AT_MAX_BYTES = 1000;

export interface PurgeParts {
  readonly objects: ObjectStore;
  readonly settings: PurgeSettings;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** Throws when this worker may not delete (any more). */
  readonly mayChange: () => Promise<void>;
  readonly fence: Fence;
  readonly logger: Log;
}

/**
 * Removes uploads that were neither closed nor cancelled, ours and Distribution's: all that lies below them; and what
 * writes that never ended have left in the store. The age of an upload counts from its newest object, so one that a
 * client still adds to is never old. Returns how many uploads went, or would.
 */
export async function purgeUploads(parts: PurgeParts): Promise<number> {
  const { objects, settings, now, signal, mayChange, fence, logger } = parts;
  const { dryRun } = settings;
  const olderThan = new Date(now - settings.ageMs);
  let purged = 0;
  // What cannot be listed is not purged, and no reason to keep everything else: the reader leaves it out.
  const reader = new StoreReader(objects, signal);
  for await (const found of walkRepositories(reader.objects, signal)) {
    if (found.kind === 'stray') continue;
    const uploads = partPrefix(found.name, '_uploads');
    for await (const prefix of reader.below(uploads)) {
      if (!prefix.endsWith('/')) continue;
      const upload = await lookAt(objects, prefix, signal);
      if (upload === undefined || upload.lastUsedAt > olderThan) continue;
      const { keys, lastUsedAt, bytes } = upload;
      const logFields = { repository: found.name, upload: prefix.slice(uploads.length, -1), bytes };
      logger.info(
        { ...logFields, lastUsedAt: lastUsedAt.toISOString() },
        dryRun ? 'an upload would be purged' : 'an upload is purged',
      );
      purged++;
      if (dryRun) continue;
      await mayChange();
      // First, as when an upload is closed: without it the upload is unknown, whatever is left.
      const startedAt = `${prefix}startedat`;
      const whenBegun = await objects.read(startedAt, STARTED_AT_MAX_BYTES, signal);
      await objects.delete([startedAt], undefined, { fence });
      // A client may have continued it since the first look, and been answered that its bytes are there.
      const now = await lookAt(objects, prefix, signal);
      if (whenBegun && now && now.lastUsedAt > olderThan) {
        await objects.put(startedAt, whenBegun);
        logger.info(logFields, 'the upload is kept: a client has just continued it');
        purged--;
        continue;
      }
      await deleteAll(objects, keys, { mayChange, fence });
    }
  }
  if (dryRun) return purged;
  await mayChange();
  const leftovers = await objects.removeLeftovers(olderThan, signal);
  if (leftovers) logger.info({ leftovers }, 'what unfinished writes had left was removed');
  return purged;
}

async function lookAt(objects: ObjectStore, prefix: string, signal: AbortSignal) {
  const keys: string[] = [];
  let [lastUsedAt, bytes] = [new Date(0), 0];
  let isWhole = true;
  const onUnlisted = () => {
    isWhole = false;
  };
  for await (const { key } of listAll(objects, { prefix, onUnlisted }, signal)) {
    const stat = await objects.stat(key, signal);
    if (stat === undefined) continue;
    keys.push(key);
    bytes += stat.sizeBytes;
    if (stat.modifiedAt > lastUsedAt) lastUsedAt = stat.modifiedAt;
  }
  return keys.length === 0 || !isWhole ? undefined : { keys, lastUsedAt, bytes };
}

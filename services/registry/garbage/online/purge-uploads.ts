import type { RepositoryName } from '../../oci/names.ts';
import { partPrefix } from '../../storage/layout-read.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';
import { StoreReader } from '../../storage/store-reader.ts';
import { walkRepositories } from '../../storage/walk.ts';
import { deleteInBatches } from '../delete-in-batches.ts';

export interface PurgeOptions {
  /** Uploads to which nothing was added since then go. */
  readonly olderThan: Date;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Throws when this worker may not delete (any more). */
  readonly mayChange: () => Promise<void>;
  /** Called with each upload that goes, or would. */
  readonly onUpload?: (upload: {
    readonly repository: RepositoryName;
    readonly upload: string;
    readonly lastUsedAt: Date;
    readonly bytes: number;
  }) => void;
}

/**
 * Removes uploads that were neither closed nor cancelled, ours and Distribution's: all that lies below them. Their age
 * counts from the newest object, so one that a client still adds to is never old. Returns how many went, or would.
 */
export async function purgeUploads(objects: ObjectStore, options: PurgeOptions): Promise<number> {
  const { olderThan, dryRun, signal, mayChange, onUpload } = options;
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
      onUpload?.({
        ...{ repository: found.name, upload: prefix.slice(uploads.length, -1) },
        ...{ lastUsedAt, bytes },
      });
      purged++;
      if (dryRun) continue;
      await mayChange();
      // First, as when an upload is closed: without it the upload is unknown, whatever is left.
      await objects.delete([`${prefix}startedat`]);
      await deleteInBatches(objects, keys, mayChange);
    }
  }
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

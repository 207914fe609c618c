import { expect } from 'chai';
import { type BackupOptions, backUp } from '../../services/registry/backup/backup.ts';
import type { Progress } from '../../services/registry/backup/copier.ts';
import { type RestoreOptions, restore } from '../../services/registry/backup/restore.ts';
import { checkStore } from '../../services/registry/check/check.ts';
import type { Finding } from '../../services/registry/check/finding.ts';
import { listAll, type ObjectStore } from '../../services/registry/storage/object-store.ts';

/** Backs a store up, as the command does; returns what that did. */
export async function backedUp(
  source: ObjectStore,
  target: ObjectStore,
  options: Partial<BackupOptions> = {},
): Promise<Progress> {
  const { progress, done } = backUp({
    ...{ source, target, isDryRun: false, allowsLoss: false, verifies: false },
    ...options,
  });
  await done;
  return progress;
}

/** Restores a store, as the command does. */
export async function restored(
  source: ObjectStore,
  target: ObjectStore,
  options: Partial<RestoreOptions> = {},
): Promise<Progress> {
  const { progress, done } = restore({
    ...{ source, target, isDryRun: false, overwrites: false, allowsIncomplete: false },
    ...{ by: 'test', record: async () => undefined },
    ...options,
  });
  await done;
  return progress;
}

/** What a check of a store finds, without what only counts; the times of objects are not compared. */
export async function findingsOf(objects: ObjectStore): Promise<Pick<Finding, 'kind' | 'key'>[]> {
  const found: Pick<Finding, 'kind' | 'key'>[] = [];
  for await (const { kind, key } of checkStore(objects, { deep: true }).findings) found.push({ kind, key });
  return found;
}

/** All keys of a store that a backup has to hold, and what they hold. */
export async function contentOf(objects: ObjectStore): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  for await (const { key } of listAll(objects, { prefix: '' })) {
    if (NOT_BACKED_UP.test(key)) continue;
    const bytes = await objects.read(key, 64 * 1024 * 1024);
    content.set(key, bytes?.toString('base64') ?? '');
  }
  expect(content.size).to.be.above(5);
  return content;
}

const NOT_BACKED_UP =
  /^roadstead\/(?:boards|mirrors|garbage|probes)\/|^roadstead\/(?:backup|read-only)\.json$|\/delivery\/|\/_uploads\/|\/_roadstead\/(?:changes|turns)\//;

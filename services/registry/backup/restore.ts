import { OperatorError } from '../runtime/operator-error.ts';
import { deleteAll } from '../storage/delete-all.ts';
import { DISTRIBUTION_PREFIX, OWN_PREFIX, READ_ONLY_KEY } from '../storage/layout.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { readNotice, writeNotice } from '../storage/read-only.ts';
import { walkRepositories } from '../storage/walk.ts';
import type { BackupRun } from './backup.ts';
import { copyBlobs } from './blobs.ts';
import { Copier, type CopierOptions } from './copier.ts';
import { expectSameHistory } from './history.ts';
import { MOMENTARY_PREFIXES, PROBES_PREFIX } from './kinds.ts';
import { readMark } from './mark.ts';
import { copyAudit, copyLog, copyOwn } from './records.ts';
import { copyRepository } from './repository.ts';

/** The reason that clients see, and by which a later run continues this one. */
const REASON = 'restore from a backup';

export interface RestoreOptions extends CopierOptions {
  /** Appends the restore to the audit record that was restored; called before writes are allowed. */
  readonly record: () => Promise<void>;
  /** For the notice of the switch that keeps writes off. */
  readonly by: string;
  /** Restore into a store that has content: what the backup has replaces what is there, and nothing is deleted. */
  readonly overwrites: boolean;
  /** Restore from a backup whose last run did not end. */
  readonly allowsIncomplete: boolean;
}

/**
 * Fills an empty store from a backup, or from any copy of a store. Until it is done, the switch keeps writes off.
 * Interrupted, it is continued by a second run.
 */
export function restore(options: RestoreOptions): BackupRun {
  const copier = new Copier(options);
  return { progress: copier.progress, done: run(copier, options) };
}

async function run(copier: Copier, options: RestoreOptions): Promise<void> {
  const { source, target, progress, isDryRun, signal } = copier;
  await expectBackup(source, options.allowsIncomplete);
  if (options.overwrites) {
    const remedy = 'the backup does not continue what is there. Restore into an empty store';
    await expectSameHistory(source, target, remedy, signal);
  } else await expectEmpty(target);
  if (!isDryRun) {
    await writeNotice(target, { since: new Date().toISOString(), by: options.by, reason: REASON });
    // What is known of mirrors is of another log.
    for (const prefix of MOMENTARY_PREFIXES) await deleteAll(target, keysBelow(target, prefix), { signal });
  }
  progress.area = 'blobs';
  await copyBlobs(copier);
  for await (const found of walkRepositories(source, signal)) {
    if (found.kind !== 'repository') continue;
    progress.area = found.name;
    await copyRepository(copier, found.name, { deletes: false });
  }
  progress.area = 'the publication log';
  await copyLog(copier);
  progress.area = 'accounts and keys';
  await copyOwn(copier);
  progress.area = 'the audit record';
  await copyAudit(copier);
  if (isDryRun) return;
  await options.record();
  await writeNotice(target, undefined);
}

async function expectBackup(source: ObjectStore, allowsIncomplete: boolean): Promise<void> {
  const { keys } = await source.list({ prefix: DISTRIBUTION_PREFIX, limit: 1 });
  if (keys.length === 0)
    throw new OperatorError(`there is no backup here: nothing is below ${DISTRIBUTION_PREFIX}`);
  const mark = await readMark(source);
  if (mark === undefined || mark.completedAt !== undefined || allowsIncomplete) return;
  throw new OperatorError(
    `the backup that began at ${mark.startedAt} has not ended: run it again, or add --incomplete to restore what is there`,
  );
}

async function expectEmpty(target: ObjectStore): Promise<void> {
  const notice = await readNotice(target);
  if (notice?.reason === REASON) return;
  for (const prefix of [DISTRIBUTION_PREFIX, OWN_PREFIX])
    for await (const key of keysBelow(target, prefix)) {
      const isNothing = [...MOMENTARY_PREFIXES, PROBES_PREFIX, READ_ONLY_KEY].some((own) =>
        key.startsWith(own),
      );
      if (isNothing) continue;
      throw new OperatorError(
        `the store is not empty (${key}): restore into an empty one, or add --overwrite to replace what the backup has`,
      );
    }
}

async function* keysBelow(objects: ObjectStore, prefix: string): AsyncGenerator<string> {
  for await (const { key } of listAll(objects, { prefix })) yield key;
}

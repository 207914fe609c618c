import type { RepositoryName } from '../oci/names.ts';
import { OperatorError } from '../runtime/operator-error.ts';
import { blobDataKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { describeUnlisted } from '../storage/unlisted.ts';
import { walkRepositories } from '../storage/walk.ts';
import { type BlobPass, copyBlobs, deleteBlobs, settleLinks } from './blobs.ts';
import { Copier, type CopierOptions } from './copier.ts';
import { expectSameHistory } from './history.ts';
import { writeMark } from './mark.ts';
import { copyAudit, copyLog, copyOwn } from './records.ts';
import { copyRepository } from './repository.ts';
import { expectNoLoss } from './shrinking.ts';
import { damagedBlobs } from './verify.ts';

/** How often a repository is copied again whose content was deleted at the same time. */
const SETTLE_MAX = 3;

export interface BackupOptions extends CopierOptions {
  /** Follow the store even if it has lost most of its manifests. */
  readonly allowsLoss: boolean;
  /** Read every blob of the target at the end, and copy those again that are damaged. */
  readonly verifies: boolean;
}

/** A backup that runs; `done` rejects if it was not finished, and can be begun again then. */
export interface BackupRun {
  readonly progress: Copier['progress'];
  readonly done: Promise<void>;
}

/**
 * Makes a store in the target what the source is now, while pushes, promotions, deletes and garbage collection continue
 * there. Writes nothing to the source. The order is in docs/backup.md; whatever it ends at, another run continues.
 */
export function backUp(options: BackupOptions): BackupRun {
  const copier = new Copier(options);
  return { progress: copier.progress, done: run(copier, options) };
}

async function run(
  copier: Copier,
  { allowsLoss, verifies }: Pick<BackupOptions, 'allowsLoss' | 'verifies'>,
): Promise<void> {
  const { source, target, progress, isDryRun, signal } = copier;
  const startedAt = new Date().toISOString();
  progress.area = 'comparing';
  const remedy =
    'this is another store, or one that was restored to an earlier state. Use another directory for its backup';
  await expectSameHistory(source, target, remedy, signal);
  await expectNoLoss(copier, allowsLoss);
  expectListed(copier);
  if (!isDryRun) await writeMark(target, { startedAt });
  // The bytes first: that takes long, and needs no order.
  progress.area = 'blobs';
  const before = await copyBlobs(copier);
  // What could not be listed is not gone.
  expectListed(copier);
  let isAllDeleted = true;
  for (const name of await repositoriesOf(copier)) {
    progress.area = name;
    if (!(await copyRepository(copier, name))) isAllDeleted = false;
  }
  progress.area = 'the publication log';
  await copyLog(copier);
  progress.area = 'accounts and keys';
  const gone = await copyOwn(copier);
  progress.area = 'the audit record';
  gone.push(...(await copyAudit(copier)));
  if (!isDryRun) {
    progress.area = 'new blobs';
    await settle(copier, await copyBlobs(copier));
  }
  expectListed(copier);
  progress.area = 'deleting';
  await copier.deleteGone(gone);
  if (isAllDeleted) await deleteBlobs(copier, before.gone);
  if (verifies) await verify(copier);
  if (!isDryRun) await writeMark(target, { startedAt, completedAt: new Date().toISOString() });
}

/** Makes sure that the target has the bytes of every link. */
async function settle(copier: Copier, { held }: BlobPass): Promise<void> {
  for (const name of await namesIn(copier.target, copier.signal)) {
    copier.progress.area = name;
    for (let tries = 1; await settleLinks(copier, name, held); tries++) {
      if (tries === SETTLE_MAX)
        throw new OperatorError(`${name} was changed all the time while it was copied: run this again`);
      await copyRepository(copier, name);
    }
  }
}

/** Reads what is in the target, and copies again what is damaged there. */
async function verify(copier: Copier): Promise<void> {
  const { target, progress, signal } = copier;
  progress.area = 'reading the backup';
  const onRead = (bytes: number) => {
    progress.verifiedBytes += bytes;
  };
  for await (const digest of damagedBlobs(target, { onRead, signal }))
    if (copier.isDryRun || (await copier.copyOne(blobDataKey(digest), false)) === undefined)
      progress.damage.push(`the blob ${digest} is damaged in the backup`);
}

/** The repositories of both stores: those that only the target has are deleted there. */
async function repositoriesOf({ source, target, signal }: Copier): Promise<Set<RepositoryName>> {
  return new Set([...(await namesIn(source, signal)), ...(await namesIn(target, signal))]);
}

async function namesIn(objects: ObjectStore, signal?: AbortSignal): Promise<RepositoryName[]> {
  const names: RepositoryName[] = [];
  for await (const found of walkRepositories(objects, signal))
    if (found.kind === 'repository') names.push(found.name);
  return names;
}

function expectListed({ unlisted: [first] }: Copier): void {
  if (first) throw new OperatorError(`nothing is deleted from the backup: ${describeUnlisted(first)}`);
}

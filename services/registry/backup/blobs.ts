import type { Sha256Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { BLOBS_PREFIX, blobDataKey, repositoryManifestsPrefix } from '../storage/layout.ts';
import { digestOfData, partPrefix, recordOf } from '../storage/layout-read.ts';
import { listAll } from '../storage/object-store.ts';
import type { Copier } from './copier.ts';

/** Which blobs a pass has seen. */
export interface BlobPass {
  /** In the target now. */
  readonly held: DigestTable;
  /** In the target, and no longer in the source. */
  readonly gone: DigestTable;
}

/** Copies every blob that the target lacks. What it has is not read again: its key is its digest. */
export async function copyBlobs(copier: Copier): Promise<BlobPass> {
  const pass = { held: new DigestTable(), gone: new DigestTable() };
  const note = (table: DigestTable) => (key: string) => {
    const digest = digestOfData(key);
    if (digest) table.set(digest, 0);
  };
  await copier.copyBelow(BLOBS_PREFIX, {
    isWanted: (key) => digestOfData(key) !== undefined,
    onSource: note(pass.held),
    onGone: note(pass.gone),
  });
  return pass;
}

/** Deletes blobs that were gone when they were looked for, and still are. */
export async function deleteBlobs(copier: Copier, gone: DigestTable): Promise<void> {
  await copier.deleteGone(keysOf(gone));
}

function* keysOf(digests: Iterable<Sha256Digest>): Generator<string> {
  for (const digest of digests) yield blobDataKey(digest);
}

/**
 * Looks whether the target has every blob that a repository has a link to there. A blob that came after the listing is
 * copied now. The link of one that was deleted in the meantime is deleted; returns whether there was one, so that the
 * repository is copied again. What the source lacks as well is damage there, and stays as it is.
 */
export async function settleLinks(copier: Copier, name: RepositoryName, held: DigestTable): Promise<boolean> {
  let isOutdated = false;
  for (const prefix of [
    `${repositoryManifestsPrefix(name)}revisions/sha256/`,
    `${partPrefix(name, '_layers')}sha256/`,
  ])
    for await (const { key } of listAll(copier.target, { prefix }, copier.signal)) {
      const record = recordOf(key);
      if (record === undefined || !('named' in record)) continue;
      const digest = record.named as Sha256Digest;
      if (held.has(digest)) continue;
      if ((await copier.copyOne(blobDataKey(digest), false)) !== undefined) {
        held.set(digest, 0);
      } else if ((await copier.source.stat(key, copier.signal)) === undefined) {
        await copier.delete([key]);
        isOutdated = true;
      }
    }
  return isOutdated;
}

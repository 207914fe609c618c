import type { Requester } from '../notifications/requester.ts';
import { type Digest, isSha256 } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { BlobStat } from './blobs.ts';
import type { Registry } from './content.ts';
import { withPinnedBlob } from './pinned-blob.ts';
import type { UploadPlace } from './upload-records.ts';
import type { UploadBody } from './uploads.ts';

/**
 * Makes an upload a blob of its repository: verify, record, protect and publish, notify, forget the upload. The upload
 * goes last, so that a request that fails or dies before can be repeated. `signal` aborts when the client has gone. Throws
 * as {@link Uploads.verify} does.
 */
export async function pushBlob(
  { content: { integrity, uploads }, changes }: Registry,
  requester: Requester,
  place: UploadPlace,
  digest: Digest,
  body: UploadBody,
  signal?: AbortSignal,
): Promise<BlobStat> {
  const { name: repository } = place;
  const isMend = isSha256(digest) && integrity.isSuspect(digest);
  const upload = await uploads.verify(place, digest, body);
  const { sizeBytes } = upload.blob;
  await requester.record({ action: 'blob.push', repository, digest });
  await uploads.publish(upload, signal);
  await requester.notify([{ kind: 'blob', action: 'push', repository, digest, sizeBytes }]);
  await uploads.forget(place);
  // Nodes may have the size of the bytes that were replaced in memory.
  if (isMend) changes.publish({ kind: 'content-removed', repository, digest });
  return upload.blob;
}

const GONE_SINCE = 'the blob was deleted while it was mounted: upload it';

/** A blob that a client wants to have in a repository without sending it. */
export interface Mount {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** A repository that has it; without one, any blob of this digest will do, where the digest is SHA-256. */
  readonly from: RepositoryName | undefined;
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Mounts a blob that is in the store: protect and verify, record, publish, notify. False where there is no such
 * blob; the client then uploads it. The caller has checked that the client may have it.
 */
export async function mountBlob(
  { content }: Pick<Registry, 'content'>,
  requester: Requester,
  { repository, digest, from, signal }: Mount,
): Promise<boolean> {
  const { blobs } = content;
  const canonical =
    from !== undefined ? await blobs.resolve(from, digest) : isSha256(digest) ? digest : undefined;
  if (canonical === undefined) return false;
  let recorded: Promise<void> | undefined;
  // Asked of the store, not of the cache: a blob that a push relies on must exist, and stay.
  const blob = await withPinnedBlob(
    content,
    canonical,
    () => (from === undefined ? blobs.statData(canonical) : blobs.stat(from, digest)),
    async (found, { isAgain, refresh }) => {
      await content.writes.confirm(isAgain);
      // Once, although a slow mount comes here twice.
      recorded ??= requester.record({
        ...{ action: 'blob.mount', repository, digest },
        ...(from !== undefined && { details: { from } }),
      });
      await recorded;
      await blobs.link(repository, found.digest, {
        ...{ requested: digest, signal },
        refresh: async () => {
          if ((await refresh()) === undefined) throw new RegistryError('UNAVAILABLE', GONE_SINCE);
          await content.writes.confirm(isAgain);
        },
      });
    },
  );
  if (blob === undefined) return false;
  const { sizeBytes } = blob;
  await requester.notify([
    { kind: 'blob', action: 'mount', repository, digest, sizeBytes, fromRepository: from },
  ]);
  return true;
}

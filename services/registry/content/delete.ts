import type { Requester } from '../notifications/requester.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import type { Registry } from './content.ts';
import { namesOf } from './manifests.ts';

/*
 * Deletes, each in this order: verify, record, notify, delete. Notified before, as a client whose delete broke off after
 * it was done is answered 404 when it tries again. Bytes stay for garbage collection.
 */

/** Deletes a tag; what it names stays. Throws MANIFEST_UNKNOWN where there is no such tag. */
export async function removeTag(
  registry: Registry,
  requester: Requester,
  repository: RepositoryName,
  tag: Tag,
): Promise<void> {
  if (!(await registry.content.tags.has(repository, tag)))
    throw new RegistryError('MANIFEST_UNKNOWN', `${repository} has no such tag`, { tag });
  await requester.record({ action: 'tag.delete', repository, tags: [tag] });
  await requester.notify([{ action: 'delete', repository, tag }]);
  await unlinkTag(registry, repository, tag);
}

/**
 * Deletes a manifest and every tag that names it. Tags go first: a tag that names nothing would be listed and could not
 * be pulled. Throws MANIFEST_UNKNOWN where there is no such manifest.
 */
export async function removeManifest(
  registry: Registry,
  requester: Requester,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  const { manifests, tags: allTags } = registry.content;
  const manifest = await manifests.get(repository, digest);
  if (manifest === undefined)
    throw new RegistryError('MANIFEST_UNKNOWN', `${repository} has no such manifest`, { digest });
  const names = namesOf(manifest);
  const tags = await allTags.naming(repository, new Set(names));
  await requester.record({ action: 'manifest.delete', repository, digest, tags });
  await requester.notify([
    { action: 'delete', repository, digest },
    ...tags.map((tag) => ({ action: 'delete', repository, tag }) as const),
  ]);
  for (const tag of tags) await unlinkTag(registry, repository, tag);
  await manifests.unlink(repository, digest);
  announceRemoved(registry, repository, names);
}

/** Takes a blob from a repository, damaged or not. Throws BLOB_UNKNOWN where there is no such blob. */
export async function removeBlob(
  registry: Registry,
  requester: Requester,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  const { blobs } = registry.content;
  const canonical = await blobs.resolveData(repository, digest);
  if (canonical === undefined)
    throw new RegistryError('BLOB_UNKNOWN', `${repository} has no such blob`, { digest });
  await requester.record({ action: 'blob.delete', repository, digest });
  await requester.notify([{ action: 'delete', repository, digest }]);
  await blobs.unlink(repository, digest);
  announceRemoved(registry, repository, [digest, canonical]);
}

async function unlinkTag(
  { content, changes }: Registry,
  repository: RepositoryName,
  tag: Tag,
): Promise<void> {
  await content.tags.delete(repository, tag);
  changes.publish({ kind: 'tag-moved', repository, tag });
}

function announceRemoved({ changes }: Registry, repository: RepositoryName, names: readonly Digest[]): void {
  for (const digest of new Set(names)) changes.publish({ kind: 'content-removed', repository, digest });
}

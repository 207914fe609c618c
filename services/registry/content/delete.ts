import type { Requester } from '../notifications/requester.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import type { Registry } from './content.ts';
import { namesOf } from './manifests.ts';
import { blobChange, manifestChange, tagChange } from './turns/change.ts';
import type { Turn } from './turns/held-turn.ts';

/*
 * Deletes, each in a turn of its repository and in this order: verify, record, notify, delete. Notified before, as a
 * client whose delete broke off after it was done is answered 404 when it tries again. Bytes stay for garbage collection.
 */

/** Deletes a tag; what it names stays. Throws MANIFEST_UNKNOWN where there is no such tag. */
export async function removeTag(
  { content, changes }: Registry,
  requester: Requester,
  repository: RepositoryName,
  tag: Tag,
  signal?: AbortSignal,
): Promise<void> {
  const { tags, turns, writes } = content;
  const expectTag = async () => {
    if (!(await tags.has(repository, tag)))
      throw new RegistryError('MANIFEST_UNKNOWN', `${repository} has no such tag`, { tag });
  };
  // Without a turn: a request for what never was there leaves nothing behind.
  await expectTag();
  const remove = async ({ fence }: Turn) => {
    await expectTag();
    fence.check();
    await requester.record({ action: 'tag.delete', repository, tags: [tag] });
    await requester.notify([{ action: 'delete', repository, tag }]);
    await writes.confirm();
    await tags.delete(repository, [tag], fence);
  };
  await turns.take(repository, [tagChange(tag, undefined)], remove, { signal });
  changes.publish({ kind: 'tag-moved', repository, tag });
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
  signal?: AbortSignal,
): Promise<void> {
  const { manifests, tags: allTags, turns, writes } = registry.content;
  const find = async () => {
    const manifest = await manifests.get(repository, digest);
    if (manifest) return manifest;
    throw new RegistryError('MANIFEST_UNKNOWN', `${repository} has no such manifest`, { digest });
  };
  const { canonicalDigest } = await find();
  let tags: readonly Tag[] = [];
  const remove = async ({ fence, declare }: Turn) => {
    const manifest = await find();
    const names = namesOf(manifest);
    tags = await allTags.naming(repository, new Set(names));
    await declare(tags.map((tag) => tagChange(tag, undefined)));
    fence.check();
    await requester.record({ action: 'manifest.delete', repository, digest, tags });
    await requester.notify([
      { action: 'delete', repository, digest },
      ...tags.map((tag) => ({ action: 'delete', repository, tag }) as const),
    ]);
    await writes.confirm();
    await allTags.delete(repository, tags, fence);
    await manifests.unlink(repository, manifest, fence);
    return names;
  };
  const names = await turns.take(repository, [manifestChange(canonicalDigest, 'gone')], remove, { signal });
  for (const tag of tags) registry.changes.publish({ kind: 'tag-moved', repository, tag });
  announceRemoved(registry, repository, names);
}

/** Takes a blob from a repository, damaged or not. Throws BLOB_UNKNOWN where there is no such blob. */
export async function removeBlob(
  registry: Registry,
  requester: Requester,
  repository: RepositoryName,
  digest: Digest,
  signal?: AbortSignal,
): Promise<void> {
  const { blobs, turns, writes } = registry.content;
  const find = async () => {
    const canonical = await blobs.resolveData(repository, digest);
    if (canonical) return canonical;
    throw new RegistryError('BLOB_UNKNOWN', `${repository} has no such blob`, { digest });
  };
  const gone = [...new Set([digest, await find()])].map((each) => blobChange(each, 'gone'));
  const remove = async ({ fence }: Turn) => {
    const canonical = await find();
    fence.check();
    await requester.record({ action: 'blob.delete', repository, digest });
    await requester.notify([{ action: 'delete', repository, digest }]);
    await writes.confirm();
    await blobs.unlink(repository, digest, fence);
    return canonical;
  };
  const canonical = await turns.take(repository, gone, remove, { signal });
  announceRemoved(registry, repository, [digest, canonical]);
}

function announceRemoved({ changes }: Registry, repository: RepositoryName, names: readonly Digest[]): void {
  for (const digest of new Set(names)) changes.publish({ kind: 'content-removed', repository, digest });
}

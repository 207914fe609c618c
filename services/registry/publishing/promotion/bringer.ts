import pMap from 'p-map';
import { writeLink } from '../../content/link.ts';
import { resolveRevision } from '../../content/revisions.ts';
import type { Digest, Sha256Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/names.ts';
import type { Fence } from '../../storage/fence.ts';
import { bringerKey } from '../../storage/layout.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { Image } from './image.ts';

const AT_ONCE = 16;
const MAX_BYTES = 1024;

/**
 * Notes which manifests an image brings into a repository: those that the repository lacks. To be called before they are
 * linked, in the same turn, so that a promotion that is done again after it was interrupted still knows its own.
 */
export async function recordBringing(
  objects: ObjectStore,
  repository: RepositoryName,
  { top, manifests }: Pick<Image, 'top' | 'manifests'>,
  fence: Fence,
): Promise<void> {
  // The image itself, too: later promotions of others must not take it for their own.
  const brought = new Set(manifests.map(({ canonicalDigest }) => canonicalDigest));
  const record = async (digest: Sha256Digest) => {
    if ((await resolveRevision(objects, repository, digest)) !== undefined) return;
    await writeLink(objects, bringerKey(repository, digest), top.canonicalDigest, fence);
  };
  await pMap(brought, record, { concurrency: AT_ONCE });
}

/**
 * Whether an image, by any of its names, brought a manifest into a repository; undefined if that was not recorded. A record
 * that cannot be read names no image.
 */
export async function wasBroughtBy(
  objects: ObjectStore,
  repository: RepositoryName,
  manifest: Sha256Digest,
  image: readonly Digest[],
): Promise<boolean | undefined> {
  const bytes = await objects.read(bringerKey(repository, manifest), MAX_BYTES);
  if (bytes === undefined) return undefined;
  const bringer = bytes.toString('utf8');
  return image.some((digest) => digest === bringer);
}

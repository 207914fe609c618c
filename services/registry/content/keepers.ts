import pMap from 'p-map';
import { type Digest, digestOf, isSha256 } from '../oci/digest.ts';
import { allBlobs, type Manifest } from '../oci/manifest.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { Fence } from '../storage/fence.ts';
import { blobDataKey, keeperKey, revisionLinkKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { BlobStat } from './blobs.ts';
import { readLink, writeLink } from './link.ts';
import type { CollectionGuard } from './quarantine/guard.ts';

const STATS_AT_ONCE = 16;

/**
 * Keeps Distribution's garbage collector off blobs that a manifest names by another algorithm: it marks the name and
 * sweeps by SHA-256, and so deletes what is in use (2.8.2 and 3.1.1, `test/compat/collector.test.ts`). The *keeper* is
 * one more manifest of the repository, with no tag, that names the same blobs by their SHA-256.
 */
export async function putKeeper(
  {
    objects,
    quarantine,
    fence,
  }: { readonly objects: ObjectStore; readonly quarantine: CollectionGuard; readonly fence: Fence },
  name: RepositoryName,
  manifest: Manifest,
  statOf: (digest: Digest) => Promise<BlobStat | undefined>,
): Promise<void> {
  if (!needsKeeper(manifest)) return;
  const named = new Set(allBlobs(manifest).map(({ digest }) => digest));
  const stats = await pMap(named, statOf, { concurrency: STATS_AT_ONCE });
  const blobs = stats.filter((stat) => stat !== undefined);
  if (blobs.length === 0) return;
  const bytes = Buffer.from(JSON.stringify(keeperOf(manifest, blobs)));
  const keeper = digestOf(bytes);
  await quarantine.pin([keeper], {
    verify: () => objects.put(blobDataKey(keeper), bytes),
    async commit() {
      await writeLink(objects, revisionLinkKey(name, keeper), keeper, fence);
      await writeLink(objects, keeperKey(name, manifest.canonicalDigest), keeper, fence);
    },
  });
}

/** Deletes the keeper of a manifest. */
export async function removeKeeper(
  objects: ObjectStore,
  name: RepositoryName,
  manifest: Manifest,
  fence: Fence,
): Promise<void> {
  if (!needsKeeper(manifest)) return;
  const key = keeperKey(name, manifest.canonicalDigest);
  const keeper = await readLink(objects, key);
  if (keeper === undefined) return;
  await objects.delete([revisionLinkKey(name, keeper)], undefined, { fence });
  await objects.delete([key], undefined, { fence });
}

function needsKeeper(manifest: Manifest): boolean {
  return allBlobs(manifest).some(({ digest }) => !isSha256(digest));
}

function keeperOf({ mediaType, canonicalDigest, bytes }: Manifest, blobs: readonly BlobStat[]) {
  const layers = blobs.map(({ digest, sizeBytes }) => ({
    mediaType: 'application/octet-stream',
    digest,
    size: sizeBytes,
  }));
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: layers[0],
    layers,
    // It is collected with the manifest, as every referrer is.
    subject: { mediaType, digest: canonicalDigest, size: bytes.length },
    annotations: { 'roadstead.keeper': "keeps Distribution's garbage collector off the subject's blobs" },
  };
}

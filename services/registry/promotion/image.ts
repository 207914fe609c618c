import type { Blobs } from '../content/blobs.ts';
import type { Manifests } from '../content/manifests.ts';
import type { Digest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Descriptor, Manifest } from '../manifest.ts';
import type { RepositoryName } from '../names.ts';

/** An image as a whole: all that a client may fetch after pulling its topmost manifest. */
export interface Image {
  /** Children before the indexes that list them, so that whoever links in this order never shows a gap. */
  readonly manifests: readonly Manifest[];
  /** Configs and layers, each once. */
  readonly blobs: readonly Descriptor[];
}

/** Deeper nesting than this is no image that anyone built on purpose. */
const DEPTH_MAX = 8;
/** Bounds what one request may make the registry read. */
const MANIFESTS_MAX = 1000;

/**
 * Reads a whole image from the store, in no cache: every platform's manifest, config and layers, each with the size
 * that its descriptor states. Throws IMAGE_INCOMPLETE naming what lacks, up to a hundred digests.
 */
export async function readImage(
  content: { blobs: Blobs; manifests: Manifests },
  name: RepositoryName,
  digest: Digest,
  signal?: AbortSignal,
): Promise<Image> {
  const manifests = new Map<Digest, Manifest>();
  const blobs = new Map<Digest, Descriptor>();
  const lacking: { digest: Digest; what: string }[] = [];

  const visit = async (wanted: Digest, depth: number): Promise<void> => {
    if (manifests.has(wanted)) return;
    if (depth > DEPTH_MAX || manifests.size >= MANIFESTS_MAX)
      throw new RegistryError(
        'MANIFEST_INVALID',
        `the image has more than ${MANIFESTS_MAX} manifests, or nests deeper than ${DEPTH_MAX}`,
      );
    const manifest = await content.manifests.get(name, wanted, signal);
    if (manifest === undefined) {
      lacking.push({ digest: wanted, what: 'manifest' });
      return;
    }
    for (const child of manifest.manifests) await visit(child.digest, depth + 1);
    manifests.set(wanted, manifest);
    for (const blob of manifest.blobs) {
      if (blobs.has(blob.digest)) continue;
      blobs.set(blob.digest, blob);
      const stat = await content.blobs.stat(name, blob.digest, signal);
      if (stat === undefined) lacking.push({ digest: blob.digest, what: 'blob' });
      else if (stat.sizeBytes !== blob.sizeBytes)
        lacking.push({
          digest: blob.digest,
          what: `blob of ${blob.sizeBytes} bytes (stored: ${stat.sizeBytes})`,
        });
    }
  };
  await visit(digest, 0);
  if (lacking.length > 0)
    throw new RegistryError(
      'IMAGE_INCOMPLETE',
      `${name}@${digest} is incomplete: push it again, with all of its platforms`,
      { missing: lacking.slice(0, 100) },
    );
  return { manifests: [...manifests.values()], blobs: [...blobs.values()] };
}

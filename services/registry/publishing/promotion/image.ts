import pMap from 'p-map';
import type { BlobStat } from '../../content/blobs.ts';
import type { Content } from '../../content/content.ts';
import { type Digest, hexOf, isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/errors.ts';
import { LimitError } from '../../oci/limit-error.ts';
import { type Descriptor, type Manifest, mayBeBlob } from '../../oci/manifest.ts';
import { type ManifestRules, requiredChildren } from '../../oci/manifest-rules.ts';
import type { RepositoryName, Tag } from '../../oci/names.ts';
import type { PublishedBlob } from '../publication/entry.ts';

/** A blob of a repository, by its canonical digest and by the one in a manifest. */
export interface ImageBlob extends PublishedBlob {
  readonly requestedDigest: Digest;
}

/** A whole image: all that a client may fetch after pulling its topmost manifest, and what is attached to it. */
export interface Image {
  readonly top: Manifest;
  /** Children before the indexes that list them, so that linking in this order never shows a gap. */
  readonly manifests: readonly Manifest[];
  /** Configs and layers, each once; promoting the image publishes them. */
  readonly blobs: readonly ImageBlob[];
  /** Non-distributable layers that the repository has, although it need not: promoted with the image, never mirrored. */
  readonly nonDistributable: readonly ImageBlob[];
  /** Tags by which signatures and the like are attached. */
  readonly attached: readonly { readonly tag: Tag; readonly digest: Sha256Digest }[];
}

/** Nobody builds images that nest deeper on purpose. */
const DEPTH_MAX = 8;
/** Bounds what one request may make the registry read. */
const MANIFESTS_MAX = 1000;
/** What indexes list, and the repository lacks or has as blobs only. */
const ABSENT_MAX = 10_000;
/** Configs and layers of all manifests together. */
const BLOBS_MAX = 20_000;

/** What cosign before its use of referrers attaches: signature, attestation, software bill of materials. */
const SUFFIXES = ['sig', 'att', 'sbom'] as const;

/** The tags by which cosign attaches to a manifest (`sha256-<hex>.sig`); they belong to it without naming it as subject. */
function attachedTags(subject: Digest): Tag[] {
  return isSha256(subject) ? SUFFIXES.map((suffix) => `sha256-${hexOf(subject)}.${suffix}` as Tag) : [];
}

export type ImageContent = Pick<Content, 'blobs' | 'manifests' | 'tags' | 'referrers'>;

/**
 * Reads a whole image from the store, not from a cache: every platform's manifest, config and layers, each with the size
 * that its descriptor states, and everything that is attached to any of them. Throws IMAGE_INCOMPLETE with what is missing,
 * up to a hundred digests; children that the rules let an index lack are not missing.
 */
export async function readImage(
  content: ImageContent,
  name: RepositoryName,
  digest: Digest,
  rules: Pick<ManifestRules, 'indexes' | 'urls'>,
): Promise<Image> {
  const manifests = new Map<Digest, Manifest>();
  const blobs = new Map<Digest, ImageBlob>();
  const nonDistributable = new Map<Digest, ImageBlob>();
  const attached: { tag: Tag; digest: Sha256Digest }[] = [];
  const absent = new Set<Digest>();
  const stats = new Map<Digest, BlobStat | undefined>();
  const lacking: { digest: Digest; what: string }[] = [];

  const visit = async (wanted: Digest, depth: number, isRequired: boolean): Promise<void> => {
    if (manifests.has(wanted) || (!isRequired && absent.has(wanted))) return;
    if (depth > DEPTH_MAX || manifests.size >= MANIFESTS_MAX || absent.size >= ABSENT_MAX)
      throw new LimitError(
        'image_manifests',
        'MANIFEST_INVALID',
        `the image has more than ${MANIFESTS_MAX} manifests, with what is attached to them, or nests deeper than ${DEPTH_MAX}`,
      );
    const manifest = await content.manifests.get(name, wanted);
    if (manifest === undefined) {
      absent.add(wanted);
      if (isRequired) lacking.push({ digest: wanted, what: 'manifest' });
      return;
    }
    const required = new Set(requiredChildren(rules, manifest).map((child) => child.digest));
    for (const child of manifest.manifests) {
      const isBlob = mayBeBlob(child) && (await visitBlob(child, blobs));
      await visit(child.digest, depth + 1, required.has(child.digest) && !isBlob);
    }
    manifests.set(wanted, manifest);
    for (const blob of manifest.blobs)
      if (!(await visitBlob(blob, blobs))) lacking.push({ digest: blob.digest, what: 'blob' });
    for (const layer of manifest.foreign) await visitBlob(layer, nonDistributable);
    await visitAttached(manifest, depth);
  };

  /** Looks at each blob once, however many manifests name it. */
  const statOf = async (wanted: Digest): Promise<BlobStat | undefined> => {
    if (stats.has(wanted)) return stats.get(wanted);
    if (stats.size >= BLOBS_MAX)
      throw new LimitError(
        'image_blobs',
        'MANIFEST_INVALID',
        `the image names more than ${BLOBS_MAX} blobs, with what is attached to it`,
      );
    const stat = await content.blobs.stat(name, wanted);
    stats.set(wanted, stat);
    return stat;
  };

  /** Adds a blob to its kind; false where the repository does not have it. */
  const visitBlob = async (
    { digest: requestedDigest, sizeBytes: stated }: Descriptor,
    kind: Map<Digest, ImageBlob>,
  ): Promise<boolean> => {
    const stat = await statOf(requestedDigest);
    if (stat === undefined) return false;
    const { digest, sizeBytes } = stat;
    if (!stated || stated === sizeBytes) kind.set(requestedDigest, { digest, sizeBytes, requestedDigest });
    else lacking.push({ digest: requestedDigest, what: `blob of ${stated} bytes (stored: ${sizeBytes})` });
    return true;
  };

  const visitAttached = async (manifest: Manifest, depth: number): Promise<void> => {
    // A referrer may have been deleted since.
    for (const referrer of await content.referrers.digests(name, manifest.digest, MANIFESTS_MAX))
      await visit(referrer, depth + 1, false);
    const tags = attachedTags(manifest.digest);
    const named = await pMap(tags, (tag) => content.tags.resolve(name, tag));
    for (const [i, tag] of tags.entries()) {
      const target = named[i];
      if (target === undefined) continue;
      attached.push({ tag, digest: target });
      await visit(target, depth + 1, true);
    }
  };

  await visit(digest, 0, true);
  const top = manifests.get(digest);
  if (lacking.length > 0 || top === undefined)
    throw new RegistryError(
      'IMAGE_INCOMPLETE',
      `${name}@${digest} is incomplete: push it again, with all of its platforms`,
      { missing: lacking.slice(0, 100) },
    );
  return {
    top,
    manifests: [...manifests.values()],
    blobs: [...blobs.values()],
    // A layer that another manifest needs as an ordinary one is published.
    nonDistributable: [...nonDistributable.values()].filter((blob) => !blobs.has(blob.requestedDigest)),
    attached,
  };
}

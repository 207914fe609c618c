import pMap from 'p-map';
import type { BlobStat } from '../../content/blobs.ts';
import type { Content } from '../../content/content.ts';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/errors.ts';
import { LimitError } from '../../oci/limit-error.ts';
import { type Descriptor, type Manifest, mayBeBlob } from '../../oci/manifest.ts';
import { type ManifestRules, requiredChildren } from '../../oci/manifest-rules.ts';
import type { RepositoryName } from '../../oci/names.ts';
import type { PublishedBlob } from '../publication/entry.ts';
import { type AttachedTag, type Attachment, attachedTags } from './attachment.ts';

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
  readonly attachedTags: readonly AttachedTag[];
  /** What the source has attached to manifests that another promotion brought into the target. */
  readonly leftOut: readonly Attachment[];
}

/** Nobody builds images that nest deeper on purpose. */
const DEPTH_MAX = 8;
/** Bounds what one request may make the registry read, and keep in memory: a full index, and what is attached. */
export const MANIFESTS_MAX = 1100;
const MANIFESTS_MAX_MIB = 16;
/** What indexes list, and the repository lacks or has as blobs only. */
const ABSENT_MAX = 10_000;
/** Configs and layers of all manifests together; a promotion sends some thirty requests to the store for each. */
export const BLOBS_MAX = 2500;
/** At most this much of what is left out is named. */
const LEFT_OUT_MAX = 1000;
const PROMOTE_PARTS = 'promote what an index lists without the index, or delete what is attached';

export type ImageContent = Pick<Content, 'blobs' | 'manifests' | 'tags' | 'referrers'>;

/**
 * Reads a whole image from the store, not from a cache: every platform's manifest, config and layers, each with the size
 * that its descriptor states, and everything that is attached to those of them that `mayAttachTo` allows. Throws
 * IMAGE_INCOMPLETE with what is missing, up to a hundred digests; children that the rules let an index lack are not missing.
 */
export async function readImage(
  content: ImageContent,
  name: RepositoryName,
  digest: Digest,
  rules: Pick<ManifestRules, 'indexes' | 'urls'>,
  mayAttachTo: (subject: Digest) => Promise<boolean>,
): Promise<Image> {
  const manifests = new Map<Digest, Manifest>();
  const blobs = new Map<Digest, ImageBlob>();
  const nonDistributable = new Map<Digest, ImageBlob>();
  const absent = new Set<Digest>();
  const stats = new Map<Digest, BlobStat | undefined>();
  const attached: AttachedTag[] = [];
  const leftOut: Attachment[] = [];
  const lacking: { digest: Digest; what: string }[] = [];
  let manifestBytes = 0;

  const visit = async (wanted: Digest, depth: number, isRequired: boolean): Promise<void> => {
    if (manifests.has(wanted) || (!isRequired && absent.has(wanted))) return;
    if (depth > DEPTH_MAX || manifests.size >= MANIFESTS_MAX || absent.size >= ABSENT_MAX)
      throw new LimitError(
        'image_manifests',
        'MANIFEST_INVALID',
        `the image has more than ${MANIFESTS_MAX} manifests, with what is attached to them, or nests deeper than ${DEPTH_MAX}: ${PROMOTE_PARTS}`,
      );
    const manifest = await content.manifests.get(name, wanted);
    if (manifest === undefined) {
      absent.add(wanted);
      if (isRequired) lacking.push({ digest: wanted, what: 'manifest' });
      return;
    }
    manifestBytes += manifest.bytes.length;
    if (manifestBytes > MANIFESTS_MAX_MIB * 1024 * 1024)
      throw new LimitError(
        'image_manifests',
        'MANIFEST_INVALID',
        `the manifests of the image, with what is attached to them, have more than ${MANIFESTS_MAX_MIB} MiB: ${PROMOTE_PARTS}`,
      );
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
        `the image names more than ${BLOBS_MAX} blobs, with what is attached to it: ${PROMOTE_PARTS}`,
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

  const visitAttached = async ({ digest: subject }: Manifest, depth: number): Promise<void> => {
    const referrers = await content.referrers.digests(name, subject, MANIFESTS_MAX);
    const named = await pMap(attachedTags(subject), async (tag) => ({
      tag,
      digest: await content.tags.resolve(name, tag),
    }));
    const tags = named.flatMap(({ tag, digest: target }) =>
      target ? [{ subject, tag, digest: target }] : [],
    );
    if (referrers.length + tags.length === 0) return;
    if (!(await mayAttachTo(subject))) {
      const more = [...tags, ...referrers.map((each) => ({ subject, digest: each }))];
      leftOut.push(...more.slice(0, LEFT_OUT_MAX - leftOut.length));
      return;
    }
    // A referrer may have been deleted since.
    for (const referrer of referrers) await visit(referrer, depth + 1, false);
    for (const tag of tags) {
      attached.push(tag);
      await visit(tag.digest, depth + 1, true);
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
    ...{ attachedTags: attached, leftOut },
  };
}

import type { Blobs } from '../content/blobs.ts';
import type { Manifests } from '../content/manifests.ts';
import type { Tags } from '../content/tags.ts';
import type { Digest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import { type ImageName, printImageName, type RepositoryName, type Tag } from '../names.ts';
import type { ObjectStore } from '../object-store.ts';
import type { PublicationLog } from '../publication/log.ts';
import type { PublishedBlobs } from '../publication/published.ts';
import { type Image, readImage } from './image.ts';
import { isCandidate, type PromotionPolicy } from './policy.ts';

/** What a person asks for. */
export interface PromotionRequest {
  readonly source: ImageName;
  readonly target: { readonly repository: RepositoryName; readonly tag: Tag };
}

/** What promoting would do; a dry run shows it and stops here. */
export interface PromotionPlan extends PromotionRequest {
  readonly digest: Digest;
  /** What the target tag names now. */
  readonly previousDigest: Digest | undefined;
  readonly image: Image;
  /** Blobs that become public by this promotion. */
  readonly unpublished: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
  /** The newest entry that published a blob of this image; 0 when none did. Mirrors that are this far hold it. */
  readonly publishedUpTo: number;
  /** True when the tag already names this image and all of it is published: nothing is left to do. */
  readonly alreadyThere: boolean;
}

export interface PromotionContent {
  readonly objects: ObjectStore;
  readonly blobs: Blobs;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly log: PublicationLog;
  readonly published: PublishedBlobs;
}

/** Resolves and verifies, and changes nothing. */
export async function planPromotion(
  content: PromotionContent,
  policy: PromotionPolicy,
  request: PromotionRequest,
  signal?: AbortSignal,
): Promise<PromotionPlan> {
  const { source, target } = request;
  if (isCandidate(policy, target.repository))
    throw new RegistryError(
      'DENIED',
      `${target.repository} holds candidates: promote into a stable repository`,
      {
        repository: target.repository,
      },
    );
  const digest =
    source.reference.kind === 'digest'
      ? source.reference.digest
      : await content.tags.resolve(source.repository, source.reference.tag, signal);
  if (digest === undefined)
    throw new RegistryError(
      'MANIFEST_UNKNOWN',
      `there is no ${printImageName(source)} to promote: push it first`,
    );
  const image = await readImage(content, source.repository, digest, signal);
  const [previousDigest, numbers] = await Promise.all([
    content.tags.resolve(target.repository, target.tag, signal),
    content.published.numbers(image.blobs),
  ]);
  const unpublished = image.blobs.filter((blob) => !numbers.has(blob.digest));
  return {
    source,
    target,
    digest,
    previousDigest,
    image,
    unpublished,
    publishedUpTo: Math.max(0, ...numbers.values()),
    alreadyThere: previousDigest === digest && unpublished.length === 0,
  };
}

import { resolveRevision } from '../../content/revisions.ts';
import type { TagTarget } from '../../content/tag-names.ts';
import type { Digest, Sha256Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/errors.ts';
import { type ImageName, printImageName, type RepositoryName, type Tag } from '../../oci/names.ts';
import { isCandidate, isStable } from '../../oci/repository-classes.ts';
import type { PublishingContent } from '../publishing-content.ts';
import { type Attaching, planAttaching } from './attaching.ts';
import { belongingTest } from './belonging.ts';
import { type Image, readImage } from './image.ts';
import type { PromotionPolicy } from './policy.ts';
import { currentTicket, follows, type TagPlace } from './tag-tickets.ts';

/** What a user asks for. */
export interface PromotionRequest {
  readonly source: ImageName;
  readonly target: { readonly repository: RepositoryName; readonly tag: Tag };
  /** Tags of the target by which something is attached, and that may be moved to something else. */
  readonly replaceAttached?: readonly Tag[];
  /** Manifests that other promotions brought into the target, and that this one may attach to. */
  readonly attachTo?: readonly Digest[];
}

/** What promoting would do; a dry run shows it and stops here. */
export interface PromotionPlan extends Pick<PromotionRequest, 'source' | 'target'>, Attaching {
  readonly digest: Digest;
  /** What the target tag names now. */
  readonly previousDigest: Digest | undefined;
  readonly image: Image;
  /** Blobs that become public by this promotion. */
  readonly unpublished: readonly { readonly digest: Sha256Digest; readonly sizeBytes: number }[];
  /** The newest entry that published a blob of this image; 0 when none did. Mirrors that are this far hold it. */
  readonly publishedUpTo: number;
  /** True when the tag already names this image, no other promotion is to move it, and all of it is there and published. */
  readonly alreadyThere: boolean;
}

/** Resolves and verifies a promotion; changes nothing. */
export async function planPromotion(
  content: PublishingContent,
  policy: PromotionPolicy,
  request: PromotionRequest,
): Promise<PromotionPlan> {
  const { source, target, replaceAttached = [], attachTo = [] } = request;
  const { repository } = target;
  if (!isStable(policy, repository))
    throw new RegistryError(
      'DENIED',
      isCandidate(policy, repository)
        ? `${repository} holds candidates: promote into a stable repository`
        : `${repository} is not a stable repository (promotion.stable): clients push to it`,
      { repository },
    );
  const digest =
    source.reference.kind === 'digest'
      ? source.reference.digest
      : (await content.tags.target(source.repository, source.reference.tag))?.digest;
  if (digest === undefined)
    throw new RegistryError(
      'MANIFEST_UNKNOWN',
      `there is no ${printImageName(source)} to promote: push it first`,
    );
  const top = await namesOf(content, source.repository, digest);
  const mayAttachTo = belongingTest(content, repository, { top, attachTo });
  const image = await readImage(content, source.repository, digest, policy.manifests, mayAttachTo);
  const [previous, numbers, attaching] = await Promise.all([
    content.tags.target(repository, target.tag),
    content.published.numbers(image.blobs),
    planAttaching(content, repository, image, { replaceAttached, mayAttachTo }),
  ]);
  const previousDigest = previous?.digest;
  const unpublished = image.blobs.filter((blob) => !numbers.has(blob.digest));
  return {
    source,
    target,
    digest,
    previousDigest,
    image,
    ...attaching,
    unpublished,
    publishedUpTo: Math.max(0, ...numbers.values()),
    alreadyThere:
      previousDigest === digest &&
      unpublished.length === 0 &&
      (await isDue(content, target, previous)) &&
      (await holdsAll(content, repository, image)),
  };
}

/** Throws if a plan would change what other promotions have attached, and the request does not name that. */
export function refuseAttaching({ refusal }: Pick<PromotionPlan, 'refusal'>): void {
  if (refusal !== undefined) throw refusal;
}

/** The digests by which a repository may know a manifest: the requested one, and the canonical one. */
async function namesOf(
  { objects }: PublishingContent,
  repository: RepositoryName,
  digest: Digest,
): Promise<readonly Digest[]> {
  const canonical = await resolveRevision(objects, repository, digest);
  return canonical === undefined ? [digest] : [digest, canonical];
}

/**
 * Whether a tag names what the newest promotion moved it to, not what an earlier one wrote late: the latter will be moved
 * back, so it must not be relied on.
 */
async function isDue(
  content: PublishingContent,
  target: TagPlace,
  named: TagTarget | undefined,
): Promise<boolean> {
  const ticket = await currentTicket(content.objects, target);
  return ticket === undefined || (named !== undefined && follows(named, ticket));
}

/**
 * Whether a repository has the image's manifests, what is attached, and the layers that it need not have: a signature may
 * be newer than the image, and such a layer may have been pushed later.
 */
async function holdsAll(
  content: PublishingContent,
  repository: RepositoryName,
  image: Image,
): Promise<boolean> {
  for (const { digest } of image.manifests)
    if (!(await content.manifests.has(repository, digest))) return false;
  for (const { requestedDigest } of image.nonDistributable)
    if ((await content.blobs.resolve(repository, requestedDigest)) === undefined) return false;
  for (const { tag, digest } of image.attachedTags)
    if ((await content.tags.resolve(repository, tag)) !== digest) return false;
  return true;
}

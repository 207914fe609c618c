import { printImageName } from '../registry/oci/names.ts';
import type { PromotionPlan } from '../registry/publishing/promotion/plan.ts';
import type { PromotionEventLine } from './schemas.ts';

/** At most this many attachments are named. */
const NAMED_MAX = 100;

/**
 * The first line of the answer to a promotion. What the target's tags name now is only for clients that may pull from it:
 * the right to promote does not show it.
 */
export function plannedLine(plan: PromotionPlan, maySeeTarget: boolean): PromotionEventLine {
  const { previousDigest, image, unpublished } = plan;
  const attached = plan.attached.map(({ previousDigest: previous, ...rest }) => ({
    ...rest,
    ...(maySeeTarget && rest.state === 'replaced' && { previousDigest: previous }),
  }));
  return {
    event: 'planned',
    source: printImageName(plan.source),
    target: `${plan.target.repository}:${plan.target.tag}`,
    digest: plan.digest,
    ...(maySeeTarget && previousDigest && { previousDigest }),
    manifests: image.manifests.length,
    blobs: image.blobs.length,
    sizeBytes: sizeOf(image.blobs),
    newBlobs: unpublished.length,
    newBytes: sizeOf(unpublished),
    ...(image.nonDistributable.length > 0 && {
      nonDistributableBlobs: image.nonDistributable.length,
      nonDistributableBytes: sizeOf(image.nonDistributable),
    }),
    ...(attached.length > 0 && { attached: attached.slice(0, NAMED_MAX) }),
    ...(attached.length > NAMED_MAX && { attachedTotal: attached.length }),
    ...(plan.leftOut.length > 0 && { leftOut: plan.leftOut.slice(0, NAMED_MAX) }),
    ...(plan.leftOut.length > NAMED_MAX && { leftOutTotal: plan.leftOut.length }),
  };
}

function sizeOf(blobs: readonly { readonly sizeBytes: number }[]): number {
  return blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
}

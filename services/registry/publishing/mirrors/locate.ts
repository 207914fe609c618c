import type { Sha256Digest } from '../../oci/digest.ts';
import { blobDataKey } from '../../storage/layout.ts';
import { type Ineligibility, ineligibility } from './eligible.ts';
import type { MirrorState } from './mirror-states.ts';
import { bestOf, ranked } from './rank.ts';
import { nearestTier, type Tier } from './tiers.ts';

/** Everything that a decision rests on: no I/O, no clock, so it can be replayed and explained. */
export interface LocateRequest {
  readonly digest: Sha256Digest;
  /** 0 when the blob is not published. */
  readonly publication: number;
  readonly sizeBytes: number;
  readonly clientAddress: string | undefined;
  readonly mirrors: readonly MirrorState[];
  /** Blobs up to this size are answered by the node. */
  readonly smallBlobMaxBytes: number;
  /** How often this client asked for this blob before, of late; see {@link Retries}. */
  readonly attempt: number;
}

/** Why the node answers a blob itself. */
export type ServeReason = 'small' | 'unpublished' | 'no-mirrors' | 'retried' | Ineligibility;

/** Where a client is sent for a blob, and why. */
export type Decision =
  | { readonly kind: 'redirect'; readonly url: string; readonly mirror: string; readonly rule: Tier }
  | { readonly kind: 'serve'; readonly reason: ServeReason };

/**
 * Decides who serves a blob: a mirror that is known to hold it, and near; in any doubt, the node. A client that asks again
 * has probably failed there, and is sent to the next mirror, and after the last one served by the node. One that asks on
 * and on is no client but many behind one address, which had no failure: then it is as at first, so that such a crowd
 * costs the node one blob and not hundreds.
 */
export function locate(request: LocateRequest): Decision {
  const { digest, publication, mirrors } = request;
  if (request.sizeBytes <= request.smallBlobMaxBytes) return { kind: 'serve', reason: 'small' };
  if (mirrors.length === 0) return { kind: 'serve', reason: 'no-mirrors' };
  if (publication === 0) return { kind: 'serve', reason: 'unpublished' };
  const able = mirrors.filter((state) => ineligibility(state, digest, publication) === undefined);
  if (able.length === 0) return { kind: 'serve', reason: commonIneligibility(request) };
  if (request.attempt === able.length) return { kind: 'serve', reason: 'retried' };
  const { tier, states } = nearestTier(able, request.clientAddress);
  const best = request.attempt < able.length ? nth(states, able, request) : bestOf(states, digest);
  if (best === undefined) return { kind: 'serve', reason: commonIneligibility(request) };
  return {
    kind: 'redirect',
    url: `${best.mirror.url}/${blobDataKey(digest)}`,
    mirror: best.mirror.name,
    rule: states.includes(best) ? tier : 'anywhere',
  };
}

/** The mirror for an attempt: those near by, best first, and then the others. */
function nth(
  near: readonly MirrorState[],
  able: readonly MirrorState[],
  { digest, attempt }: LocateRequest,
): MirrorState | undefined {
  if (attempt === 0) return bestOf(near, digest);
  const far = able.filter((state) => !near.includes(state));
  return [...ranked(near, digest), ...ranked(far, digest)][attempt];
}

/** What stands against each mirror, for `explain`. */
export function ineligibilities(
  request: LocateRequest,
): { mirror: string; ineligibility: Ineligibility | undefined }[] {
  return request.mirrors.map((state) => ({
    mirror: state.mirror.name,
    ineligibility: ineligibility(state, request.digest, request.publication),
  }));
}

/** Of several mirrors that are unusable for several reasons, the one that says most: the healthiest's. */
function commonIneligibility(request: LocateRequest): Ineligibility {
  const found = new Set(ineligibilities(request).map((each) => each.ineligibility));
  return found.has('missing') ? 'missing' : found.has('behind') ? 'behind' : 'unhealthy';
}

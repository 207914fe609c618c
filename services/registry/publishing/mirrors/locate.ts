import type { Sha256Digest } from '../../oci/digest.ts';
import { blobDataKey } from '../../storage/layout.ts';
import { type Ineligibility, ineligibility } from './eligible.ts';
import type { MirrorState } from './mirror-states.ts';
import { bestOf, ranked } from './rank.ts';
import { nearestTier, type Tier } from './tiers.ts';

/** The input of a decision: no I/O, no clock, so that it can be replayed and explained. */
export interface LocateRequest {
  readonly digest: Sha256Digest;
  /** 0 when the blob is not published. */
  readonly publication: number;
  readonly sizeBytes: number;
  readonly clientAddress: string | undefined;
  readonly mirrors: readonly MirrorState[];
  /** Blobs up to this size are answered by the node. */
  readonly smallBlobMaxBytes: number;
  /** How often this client recently asked for this blob before; see {@link Retries}. */
  readonly attempt: number;
}

/** Why the node answers a blob itself. */
export type ServeReason = 'small' | 'unpublished' | 'no-mirrors' | 'retried' | Ineligibility;

/** The server that a client is sent to for a blob, and why. */
export type Decision =
  | { readonly kind: 'redirect'; readonly url: string; readonly mirror: string; readonly rule: Tier }
  | { readonly kind: 'serve'; readonly reason: ServeReason };

/**
 * Decides which server sends a blob: a near mirror that is known to hold it or, in any doubt, the node. A client that
 * asks again has probably failed there: it is sent to the next mirror and, after the last one, served by the node.
 * Requests beyond that come from many clients behind one address, without a failure: they are sent to the
 * first mirror from then on, so that such a crowd costs the node one blob and not hundreds.
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

/** The mirror for an attempt: the near ones, best first, then the others. */
function nth(
  near: readonly MirrorState[],
  able: readonly MirrorState[],
  { digest, attempt }: LocateRequest,
): MirrorState | undefined {
  if (attempt === 0) return bestOf(near, digest);
  const far = able.filter((state) => !near.includes(state));
  return [...ranked(near, digest), ...ranked(far, digest)][attempt];
}

/** The obstacle of each mirror, for `explain`. */
export function ineligibilities(
  request: LocateRequest,
): { mirror: string; ineligibility: Ineligibility | undefined }[] {
  return request.mirrors.map((state) => ({
    mirror: state.mirror.name,
    ineligibility: ineligibility(state, request.digest, request.publication),
  }));
}

/** Of several mirrors' reasons, the most informative: that of the healthiest mirror. */
function commonIneligibility(request: LocateRequest): Ineligibility {
  const found = new Set(ineligibilities(request).map((each) => each.ineligibility));
  return found.has('missing') ? 'missing' : found.has('behind') ? 'behind' : 'unhealthy';
}

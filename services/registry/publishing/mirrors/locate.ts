import type { Sha256Digest } from '../../oci/digest.ts';
import { blobDataKey } from '../../storage/layout.ts';
import { type Ineligibility, ineligibility } from './eligible.ts';
import type { MirrorState } from './mirror-states.ts';
import { bestOf, ranked, type WeightFactors } from './rank.ts';
import { nearestTier, type Tier } from './tiers.ts';
import type { ClientHistory } from './trouble/history.ts';

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
  /** What the client recently met; see `Troubles`. */
  readonly history: ClientHistory;
  /** By which factor the weights of doubted mirrors count. */
  readonly factors?: WeightFactors;
}

/** Why the node answers a blob itself. */
export type ServeReason = 'small' | 'unpublished' | 'no-mirrors' | 'retried' | Ineligibility;

/** The server that a client is sent to for a blob, and why. */
export type Decision =
  | { readonly kind: 'redirect'; readonly url: string; readonly mirror: string; readonly rule: Tier }
  | { readonly kind: 'serve'; readonly reason: ServeReason };

/**
 * Decides which server sends a blob: a near mirror that is known to hold it or, in any doubt, the node. A mirror that
 * failed the client is not chosen; mirrors that it has not tried come before those that it has. If all are excluded, the
 * node answers; but not for ever: that many requests come from many clients behind one address, and they are spread over
 * the mirrors, so that such a crowd neither costs the node hundreds of answers nor is stuck at one bad mirror.
 */
export function locate(request: LocateRequest): Decision {
  const { digest, publication, mirrors } = request;
  if (request.sizeBytes <= request.smallBlobMaxBytes) return { kind: 'serve', reason: 'small' };
  if (mirrors.length === 0) return { kind: 'serve', reason: 'no-mirrors' };
  if (publication === 0) return { kind: 'serve', reason: 'unpublished' };
  const able = mirrors.filter((state) => ineligibility(state, digest, publication) === undefined);
  if (able.length === 0) return { kind: 'serve', reason: commonIneligibility(request) };
  const { tier, states } = nearestTier(able, request.clientAddress);
  const best = choose(states, able, request);
  if (best === undefined) return { kind: 'serve', reason: 'retried' };
  return {
    kind: 'redirect',
    url: `${best.mirror.url}/${blobDataKey(digest)}`,
    mirror: best.mirror.name,
    rule: states.includes(best) ? tier : 'anywhere',
  };
}

/** One of the able mirrors, near ones first; undefined if the node has to answer. */
function choose(
  near: readonly MirrorState[],
  able: readonly MirrorState[],
  { digest, history, factors }: LocateRequest,
): MirrorState | undefined {
  const { excluded, tried, attempt, isOriginSpent } = history;
  if (excluded.size === 0 && tried.size === 0) return bestOf(near, digest, factors);
  const far = able.filter((state) => !near.includes(state));
  const inTurn = [...ranked(near, digest, factors), ...ranked(far, digest, factors)];
  const allowed = inTurn.filter(({ mirror }) => !excluded.has(mirror.name));
  const chosen = allowed.find(({ mirror }) => !tried.has(mirror.name)) ?? allowed[0];
  return chosen ?? (isOriginSpent ? inTurn[attempt % inTurn.length] : undefined);
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

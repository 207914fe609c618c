import type { Sha256Digest } from '../digest.ts';
import { blobDataKey } from '../layout.ts';
import type { MirrorState } from './board.ts';
import { type Obstacle, obstacle } from './eligible.ts';
import { bestOf } from './rank.ts';
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
}

/** Why the node answers a blob itself. */
export type ServeReason = 'small' | 'unpublished' | 'no-mirrors' | Obstacle;

/** Where a client is sent for a blob, and why. */
export type Decision =
  | { readonly kind: 'redirect'; readonly url: string; readonly mirror: string; readonly rule: Tier }
  | { readonly kind: 'serve'; readonly reason: ServeReason };

/** Decides who serves a blob: a mirror that is known to hold it, and near; in any doubt, the node. */
export function locate(request: LocateRequest): Decision {
  const { digest, publication, mirrors } = request;
  if (request.sizeBytes <= request.smallBlobMaxBytes) return { kind: 'serve', reason: 'small' };
  if (mirrors.length === 0) return { kind: 'serve', reason: 'no-mirrors' };
  if (publication === 0) return { kind: 'serve', reason: 'unpublished' };
  const able = mirrors.filter((state) => obstacle(state, digest, publication) === undefined);
  const { tier, states } = nearestTier(able, request.clientAddress);
  const best = bestOf(states, digest);
  if (best === undefined) return { kind: 'serve', reason: commonObstacle(request) };
  return {
    kind: 'redirect',
    url: `${best.mirror.url}/${blobDataKey(digest)}`,
    mirror: best.mirror.name,
    rule: tier,
  };
}

/** What stands against each mirror, for `explain`. */
export function obstacles(request: LocateRequest): { mirror: string; obstacle: Obstacle | undefined }[] {
  return request.mirrors.map((state) => ({
    mirror: state.mirror.name,
    obstacle: obstacle(state, request.digest, request.publication),
  }));
}

/** Of several mirrors that are unusable for several reasons, the one that says most: the healthiest's. */
function commonObstacle(request: LocateRequest): Obstacle {
  const found = new Set(obstacles(request).map((each) => each.obstacle));
  return found.has('missing') ? 'missing' : found.has('behind') ? 'behind' : 'unhealthy';
}

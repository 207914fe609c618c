import { createHash } from 'node:crypto';
import type { Digest } from '../digest.ts';
import type { MirrorState } from './board.ts';

/**
 * Weighted rendezvous hashing (Schindelhauer and Schomaker 2005; the logarithmic form): every node, without asking
 * another, sends a blob to the same mirror, so that mirrors' page caches stay warm; shares follow the weights; and a
 * mirror that leaves moves only its own blobs.
 */
export function rendezvousScore(mirrorName: string, weight: number, digest: Digest): number {
  const hash = createHash('sha256').update(mirrorName).update('\0').update(digest).digest();
  // 53 bits: a uniform number in (0, 1).
  const uniform = (hash.readUIntBE(0, 6) * 32 + (hash.readUInt8(6) >>> 3) + 0.5) / 2 ** 53;
  return -weight / Math.log(uniform);
}

/** The mirror of highest score for this blob. */
export function bestOf(states: readonly MirrorState[], digest: Digest): MirrorState | undefined {
  if (states.length <= 1) return states[0];
  let best: MirrorState | undefined;
  let bestScore = -1;
  for (const state of states) {
    const score = rendezvousScore(state.mirror.name, state.mirror.weight, digest);
    if (score > bestScore) {
      best = state;
      bestScore = score;
    }
  }
  return best;
}

import { createHash } from 'node:crypto';
import type { Sha256Digest } from '../../oci/digest.ts';
import type { MirrorState } from './mirror-states.ts';

/**
 * Weighted rendezvous hashing (Schindelhauer and Schomaker 2005; the logarithmic form): without coordination, every node
 * sends a blob to the same mirror, so that page caches of mirrors stay warm; shares follow the weights; and removing a
 * mirror moves only its own blobs.
 */
export function rendezvousScore(mirrorName: string, weight: number, digest: Sha256Digest): number {
  const seed = seedOf(mirrorName);
  // A digest is uniform already: a mixer, not another SHA-256, is enough to make it independent for each mirror.
  const high = mix(seed ^ Number.parseInt(digest.slice(7, 15), 16));
  const low = mix(high ^ Number.parseInt(digest.slice(15, 23), 16));
  // 53 bits: a uniform number in (0, 1).
  const uniform = (high * 2 ** 21 + (low >>> 11) + 0.5) / 2 ** 53;
  return -weight / Math.log(uniform);
}

/** MurmurHash3's finaliser: every bit of the input changes every bit of the result with even odds. */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Mirrors are few and come from the configuration, so this stays small. */
const seeds = new Map<string, number>();

function seedOf(mirrorName: string): number {
  let seed = seeds.get(mirrorName);
  if (seed === undefined) {
    seed = createHash('sha256').update(mirrorName).digest().readUInt32BE(0);
    seeds.set(mirrorName, seed);
  }
  return seed;
}

/** By which factor the weight of a mirror counts at present, by name; in full if it is not named. */
export type WeightFactors = ReadonlyMap<string, number>;

function scoreOf({ mirror }: MirrorState, digest: Sha256Digest, factors: WeightFactors | undefined): number {
  return rendezvousScore(mirror.name, mirror.weight * (factors?.get(mirror.name) ?? 1), digest);
}

/** The mirror with the highest score for this blob. */
export function bestOf(
  states: readonly MirrorState[],
  digest: Sha256Digest,
  factors?: WeightFactors,
): MirrorState | undefined {
  if (states.length <= 1) return states[0];
  let best: MirrorState | undefined;
  let bestScore = -1;
  for (const state of states) {
    const score = scoreOf(state, digest, factors);
    if (score > bestScore) {
      best = state;
      bestScore = score;
    }
  }
  return best;
}

/** Mirrors by their scores for this blob, the highest first. */
export function ranked(
  states: readonly MirrorState[],
  digest: Sha256Digest,
  factors?: WeightFactors,
): MirrorState[] {
  return states.toSorted((a, b) => scoreOf(b, digest, factors) - scoreOf(a, digest, factors));
}

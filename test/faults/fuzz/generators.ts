import { Random } from '../random.ts';
import type { Case } from './case.ts';
import { brokenHeaders, oddCondition, oddHeaders, oddRange } from './headers.ts';
import { oddChunks, oddLength } from './lengths.ts';
import { largeManifest, oddManifest } from './manifests.ts';
import { oddFirstLine, oddMethod } from './methods.ts';
import { oddPath, oddTarget } from './paths.ts';
import { oddListQuery, oddMount, oddReading, oddTags, oddUploadQuery } from './queries.ts';
import { oddPromotion, oddReleaseRequest } from './release.ts';
import type { Known } from './scene.ts';
import { oddContentRange, stablePush } from './uploads.ts';

/** Makes a request with a fault. */
export type Generator = (random: Random, known: Known) => Case;

/** Each with its share of a thousand requests. */
export const GENERATORS: readonly (readonly [name: string, generator: Generator, share: number])[] = [
  ['path', oddPath, 270],
  ['target', oddTarget, 15],
  ['method', oddMethod, 60],
  ['first line', oddFirstLine, 10],
  ['headers', oddHeaders, 150],
  ['condition', oddCondition, 45],
  ['range', oddRange, 45],
  ['broken headers', brokenHeaders, 15],
  ['manifest', oddManifest, 160],
  ['large manifest', largeManifest, 1],
  ['list query', oddListQuery, 40],
  ['reading query', oddReading, 50],
  ['tags', oddTags, 20],
  ['upload query', oddUploadQuery, 20],
  ['mount', oddMount, 4],
  ['content range', oddContentRange, 25],
  ['stable push', stablePush, 15],
  ['length', oddLength, 15],
  ['chunks', oddChunks, 15],
  ['promotion', oddPromotion, 15],
  ['release request', oddReleaseRequest, 10],
];

const TOTAL = GENERATORS.reduce((sum, [, , share]) => sum + share, 0);

/** The request in this place of the run with this seed: the same again, but for the ids of uploads. */
export function caseAt(seed: number, place: number, known: Known): Case & { readonly name: string } {
  const random = new Random(mixed(seed, place));
  let at = random.int(0, TOTAL - 1);
  for (const [name, generator, share] of GENERATORS) {
    if (at < share) return { name, ...generator(random, known) };
    at -= share;
  }
  throw new Error('shares do not add up');
}

/** Numbers that follow on one another make xorshift begin alike; these do not. */
function mixed(seed: number, place: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(place + 1, 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

import type { Random } from '../random.ts';
import { type Case, caseOf, type Header } from './case.ts';
import { unknownDigest } from './names.ts';
import type { Known } from './scene.ts';
import { hex, oddValue, pick } from './texts.ts';

/** Where no upload ends. */
const FAR = 10 ** 12;

/** Bytes for an open upload that say that they belong somewhere else, or nowhere. */
export function oddContentRange(random: Random, { name, uploads }: Known): Case {
  const body = hex(random, random.int(1, 300));
  const first = FAR + random.int(0, 1000);
  const range = pick<() => string>(random, [
    () => `${first}-${first + body.length - 1}`,
    () => `bytes ${first}-${first + body.length - 1}/*`,
    () => `bytes=${first}-${first}`,
    () => `${first}-0`,
    () => '5-3',
    () => `-${body.length}`,
    () => `0-${'9'.repeat(30)}`,
    () => `0--1`,
    () => `0-1-2`,
    () => `0x0-0x5`,
    () => `bytes */${body.length}`,
    () => `${'0'.repeat(5000)}-5`,
    () => `x${oddValue(random).trim()}`,
  ])();
  const upload = `/v2/${name}/blobs/uploads/${pick(random, uploads)}`;
  const isLast = random.chance(0.3);
  const target = isLast ? `${upload}?digest=${unknownDigest(random)}` : upload;
  const headers: Header[] = [['Content-Range', range]];
  return caseOf({ method: isLast ? 'PUT' : 'PATCH', target, headers, body });
}

/** A push to a repository that only promotions may change. */
export function stablePush(random: Random, { image }: Known): Case {
  const [method, path] = pick<readonly [string, string]>(random, [
    ['POST', 'blobs/uploads/'],
    ['POST', `blobs/uploads/?mount=${image.config.digest}&from=candidate/fuzz`],
    ['PUT', `manifests/${pick(random, ['latest', image.digest])}`],
    ['DELETE', `manifests/${pick(random, ['latest', image.digest])}`],
    ['DELETE', `blobs/${image.config.digest}`],
  ]);
  const name = pick(random, ['candidate', 'fuzz', 'candidates/fuzz', 'x/candidate/fuzz', 'constructor']);
  return caseOf({ method, target: `/v2/${name}/${path}`, body: image.bytes });
}

import type { Random } from '../random.ts';
import { type Case, caseOf, type Header } from './case.ts';
import { noDigest, unknownDigest } from './names.ts';
import type { Known } from './scene.ts';
import { hex, oddParameter, oddQuery, pick } from './texts.ts';

/** Most of one request's tags, and more. */
const TOO_MANY_TAGS = 101;

const NO_COUNTS = [
  ...[
    '-1',
    '-0',
    '1e9',
    '1.5',
    'x',
    '',
    '%00',
    ' 1',
    '+1',
    '0x10',
    '99999999999',
    'NaN',
    '1%0a',
    '%31e3',
    '１',
  ],
].map((text) => encodeURI(text).replaceAll('%25', '%'));

/** A list whose query nobody can follow. */
export function oddListQuery(random: Random, { name, image }: Known): Case {
  const target = pick(random, [
    '/v2/_catalog',
    `/v2/${name}/tags/list`,
    `/v2/${name}/referrers/${image.digest}`,
  ]);
  const query = pick<() => string>(random, [
    () => `n=${pick(random, NO_COUNTS)}`,
    () => `n=${pick(random, NO_COUNTS)}&last=${oddParameter(random)}`,
    () => `n=1&n=${oddParameter(random)}`,
    () => `n=5&last=${oddParameter(random)}&last=${oddParameter(random)}`,
    () => `${pick(random, ['n=1&', 'n&'])}`.repeat(random.int(2, 5000)),
    () => `n=x&${Array.from({ length: 3000 }, (_, i) => `k${i}`).join('&')}`,
  ])();
  return caseOf({ method: pick(random, ['GET', 'HEAD']), target: `${target}?${query}` });
}

/** Anything behind a question mark where nothing can be wrong with it, `last` above all. */
export function oddReading(random: Random, { name, tag, image }: Known): Case {
  const { digest } = pick(random, [image.config, ...image.layers]);
  const target = pick<() => string>(random, [
    () => `/v2/_catalog?last=${oddParameter(random)}`,
    () => `/v2/_catalog?n=${random.int(0, 3)}&last=${oddParameter(random)}`,
    () => `/v2/${name}/tags/list?last=${oddParameter(random)}`,
    () => `/v2/${name}/tags/list?n=${random.int(0, 999_999_999)}&last=${oddParameter(random)}`,
    () =>
      `/v2/${name}/referrers/${unknownDigest(random)}?artifactType=${oddParameter(random)}&last=${oddParameter(random)}`,
    () => `/v2/${name}/manifests/${tag}?${oddQuery(random)}`,
    () => `/v2/${name}/manifests/${tag}?ns=${oddParameter(random)}`,
    () => `/v2/${name}/blobs/${digest}?${oddQuery(random)}`,
    () => `/v2/?${oddQuery(random)}`,
    () => `/v2/?${'&'.repeat(random.int(1, 5000))}`,
    () => `/v2/?${Array.from({ length: 2000 }, (_, i) => `k${i}=1`).join('&')}`,
    () => `/livez?${oddQuery(random)}`,
  ])();
  return caseOf({ outcome: 'read', method: pick(random, ['GET', 'GET', 'HEAD']), target });
}

/** A manifest that is there already, pushed with tags that cannot be. */
export function oddTags(random: Random, { name, tag, image }: Known): Case {
  const v2 = `/v2/${name}/manifests/`;
  const target = pick<() => string>(random, [
    () =>
      `${v2}${image.digest}?tag=${pick(random, ['', '.x', '-x', '%00', '%ff', '..', 'a%2fb', 'a:b', 'x'.repeat(129)])}`,
    () => `${v2}${image.digest}?tag=ok&tag=${pick(random, ['-', 'a%20b', '%2e%2e%2f', 'x'.repeat(5000)])}`,
    () => `${v2}${image.digest}?${'tag=a&'.repeat(random.int(TOO_MANY_TAGS, 900))}`,
    () => `${v2}${tag}?tag=${oddParameter(random)}`,
    () => `${v2}${unknownDigest(random)}?tag=x`,
  ])();
  const headers: Header[] = [['Content-Type', image.mediaType]];
  return caseOf({ method: 'PUT', target, headers, body: image.bytes });
}

/** A POST or PUT of an upload whose query cannot be. */
export function oddUploadQuery(random: Random, { name, uploads }: Known): Case {
  const begin = `/v2/${name}/blobs/uploads/`;
  const upload = begin + pick(random, uploads);
  const [method, target] = pick<() => readonly [string, string]>(random, [
    () => ['POST', `${begin}?digest=${noDigest(random)}`],
    () => ['POST', `${begin}?digest=${unknownDigest(random)}`],
    () => ['POST', `${begin}?digest=${unknownDigest(random)}&digest=${unknownDigest(random)}`],
    () => [
      'POST',
      `${begin}?digest-algorithm=${pick(random, ['md5', 'SHA256', '', '%00', 'sha384', 'x'.repeat(3000)])}`,
    ],
    () => ['POST', `${begin}?mount=${unknownDigest(random)}&mount=${noDigest(random)}`],
    () => ['POST', `${begin}?mount=${unknownDigest(random)}&from=a&from=b`],
    () => ['PUT', upload],
    () => ['PUT', `${upload}?digest=`],
    () => ['PUT', `${upload}?digest=${noDigest(random)}`],
    () => ['PUT', `${upload}?digest=${unknownDigest(random)}&digest=${unknownDigest(random)}`],
    () => ['PUT', `${upload}?Digest=${unknownDigest(random)}`],
    () => ['PUT', `${upload}?digest[]=${unknownDigest(random)}`],
    () => ['PUT', `${upload}?digest=${unknownDigest(random)}`],
  ])();
  return caseOf({ method, target, body: hex(random, random.int(0, 300)) });
}

/** A mount of what is not there, from anywhere: the specification has the client upload it instead. */
export function oddMount(random: Random, { name }: Known): Case {
  const mount = random.chance(0.5) ? noDigest(random) : unknownDigest(random);
  const from = random.chance(0.8) ? `&from=${oddParameter(random)}` : '';
  const target = `/v2/${name}/blobs/uploads/?mount=${mount}${from}`;
  return caseOf({ outcome: 'begun', method: 'POST', target, headers: [['Content-Length', '0']] });
}

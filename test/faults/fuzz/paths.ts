import type { Random } from '../random.ts';
import { type Case, caseOf } from './case.ts';
import { noDigest, noName, noReference, noUpload, unknownDigest } from './names.ts';
import type { Known } from './scene.ts';
import { anyBytes, oddQuery, oddValue, pick } from './texts.ts';

const MANIFEST_METHODS = ['GET', 'HEAD', 'PUT', 'DELETE'];
const BLOB_METHODS = ['GET', 'HEAD', 'DELETE'];
const UPLOAD_METHODS = ['GET', 'PATCH', 'PUT', 'DELETE'];
const READING = ['GET', 'GET', 'HEAD'];

/** An endpoint of the API with one fault in its path. */
export function oddPath(random: Random, known: Known): Case {
  const [method, path] = endpointWithFault(random, known);
  const query = random.chance(0.2) ? `?${oddQuery(random)}` : '';
  const body = method === 'PUT' || method === 'PATCH' ? { body: oddValue(random) } : {};
  return caseOf({ method, target: path + query, ...body });
}

function endpointWithFault(random: Random, known: Known): readonly [method: string, path: string] {
  const { name, tag } = known;
  const bad = `/v2/${noName(random, known)}`;
  const good = `/v2/${name}`;
  const write = (path: string) => [pick(random, UPLOAD_METHODS), path] as const;
  return pick<() => readonly [string, string]>(random, [
    () => [pick(random, MANIFEST_METHODS), `${bad}/manifests/${tag}`],
    () => [pick(random, BLOB_METHODS), `${bad}/blobs/${unknownDigest(random)}`],
    () => ['POST', `${bad}/blobs/uploads/`],
    () => write(`${bad}/blobs/uploads/${pick(random, known.uploads)}`),
    () => [pick(random, READING), `${bad}/tags/list`],
    () => [pick(random, READING), `${bad}/referrers/${unknownDigest(random)}`],
    () => [pick(random, MANIFEST_METHODS), `${good}/manifests/${noReference(random, known)}`],
    () => [pick(random, BLOB_METHODS), `${good}/blobs/${noDigest(random)}`],
    () => [pick(random, BLOB_METHODS), `${good}/blobs/${unknownDigest(random)}`],
    () => [pick(random, READING), `${good}/manifests/${unknownDigest(random)}`],
    () => write(`${good}/blobs/uploads/${noUpload(random)}`),
    () => [pick(random, READING), `${good}/referrers/${noDigest(random)}`],
    () => [pick(random, READING), originWithFault(random)],
    () => [pick(random, [...UPLOAD_METHODS, 'POST', 'HEAD']), pick(random, NOWHERE)],
  ])();
}

/** Where nothing is, or nothing that is reached in this way. */
const NOWHERE = [
  ...[
    '//',
    '///',
    '/v1/',
    '/v2/.',
    '/V2/',
    '/v3/',
    '//v2/',
    '/v2//',
    '/%76%32/',
    '/v2%2f',
    '/%2fv2/',
    '/v2/%2e/',
  ],
  ...[
    '/v2/../v2/x',
    '/..;/v2/',
    '/v2/..;/',
    '/v2/_catalog/',
    '/v2/_catalog/x',
    '/v2/_catalog%00',
    '/v2/_Catalog',
  ],
  ...[
    '/.git/config',
    '/metrics',
    '/debug/vars',
    '/favicon.ico',
    '/api/',
    '/api/v1',
    '/api/v1/nope',
    '/api/v2/status',
  ],
  ...[
    '/origin/',
    '/origin/docker/registry/v2/',
    '/docker/registry/v2/blobs/',
    '/livez/',
    '/readyz%00',
    '/healthz',
  ],
  ...['/v2/a/b', '/v2/a/manifests/', '/v2/a/manifests', '/v2/a/blobs/', '/v2/a/tags/', '/v2/a/tags/list/'],
  ...['/v2/a/tags/LIST', '/v2/a/referrers/', '/v2/manifests/x', '/v2/blobs/uploads/', '/v2/tags/list'],
  ...[
    `/${'a'.repeat(20_000)}`,
    `/${'../'.repeat(5000)}`,
    `/v2/${'%2e%2e%2f'.repeat(1500)}`,
    `/${'%00'.repeat(5000)}`,
  ],
];

function originWithFault(random: Random): string {
  const digest = random.chance(0.5) ? noDigest(random) : unknownDigest(random);
  const [algorithm = '', hex = ''] = digest.split(':');
  const prefix = pick(random, [hex.slice(0, 2), 'zz', '..', '%2e%2e', '%00']);
  return `/origin/docker/registry/v2/blobs/${algorithm || 'x'}/${prefix || 'x'}/${hex || 'x'}/data`;
}

/** A target that a parser of HTTP may refuse by itself: in another form, of other bytes, or too long. */
export function oddTarget(random: Random, known: Known): Case {
  const path = `/v2/${noName(random, known)}/manifests/${known.tag}`;
  const target = pick<() => string>(random, [
    () => `http://127.0.0.1${path}`,
    () => `http://user:pass@evil.example:99999${path}`,
    () => `https://[::1${path}`,
    () => `http://[::1]:x${path}`,
    () => `ftp://127.0.0.1${path}`,
    () => `http:${path}`,
    () => `file:///etc/passwd`,
    () => `HTTP://${path}`,
    () => `http://%00.example${path}`,
    () => '*',
    () => '127.0.0.1:443',
    () => path.slice(1),
    () => `${path}\xff\xfe\xc0\xaf`,
    () => `/v2/\xc3\xa4/manifests/x`,
    // Not right after the slash: what begins a query there makes it a ping.
    () => `/v2/x${anyBytes(random, 60)}/manifests/x`,
    () => `/v2/UPPER /manifests/x`,
    () => `/v2/UPPER\t/manifests/x`,
    () => `/v2/UPPER\0/manifests/x`,
    () => `/v2/UPPER\r/manifests/x`,
    () => `/v2/UPPER/${'a'.repeat(random.int(20_000, 60_000))}`,
    () => `${path}?${'n=1&'.repeat(random.int(5000, 12_000))}`,
    () => '',
    () => `\\v2\\UPPER`,
    () => `/v2/UPPER/manifests/x#/../../${oddQuery(random)}`,
  ])();
  return caseOf({ outcome: 'doubtful', method: pick(random, ['GET', 'GET', 'PUT', 'HEAD']), target });
}

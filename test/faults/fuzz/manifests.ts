import type { Random } from '../random.ts';
import { type Case, caseOf, type Header } from './case.ts';
import { unknownDigest } from './names.ts';
import type { Known } from './scene.ts';
import { anyBytes, pick } from './texts.ts';

const OCI = 'application/vnd.oci.image';
const INDEX = `${OCI}.index.v1+json`;
const MAX_BYTES = 4 * 1024 * 1024;

/** A manifest with one fault, or what is none at all. */
export function oddManifest(random: Random, known: Known): Case {
  const body = pick(random, [brokenJson, brokenJson, wrongType, wrongType, wrongType, wrongContent])(
    random,
    known,
  );
  const type = random.chance(0.7) ? known.image.mediaType : undefined;
  return put(known, body, type);
}

/** Bodies that are large: too large for a manifest, or told back at length. */
export function largeManifest(random: Random, known: Known): Case {
  const valid = jsonOf(known);
  const long = 'x'.repeat(random.int(100_000, 1_000_000));
  return pick<() => Case>(random, [
    () => put(known, JSON.stringify(valid) + ' '.repeat(MAX_BYTES), known.image.mediaType),
    () => put(known, JSON.stringify({ ...valid, mediaType: long })),
    () => put(known, JSON.stringify({ ...valid, annotations: { [long]: 1 } }), known.image.mediaType),
    () => put(known, JSON.stringify({ ...valid, schemaVersion: long }), known.image.mediaType),
    () => put(known, JSON.stringify({ ...valid, config: { ...known.image.config, digest: long } })),
    () => put(known, '['.repeat(1_000_000)),
    () => put(known, '{"a":'.repeat(300_000)),
    () => put(known, `{"layers":[${'{},'.repeat(300_000)}{}]}`),
  ])();
}

function put({ name }: Known, body: string, type?: string): Case {
  const headers: Header[] = type === undefined ? [] : [['Content-Type', type]];
  return caseOf({ method: 'PUT', target: `/v2/${name}/manifests/broken`, headers, body });
}

type Json = Record<string, unknown>;

function jsonOf({ image }: Known): Json {
  return JSON.parse(image.bytes.toString('utf8')) as Json;
}

function brokenJson(random: Random, known: Known): string {
  const text = JSON.stringify(jsonOf(known));
  const at = random.int(1, text.length - 1);
  return pick<() => string>(random, [
    () => text.slice(0, at),
    () => `${text}${pick(random, ['}', ',', 'x', '\0', '{}', '//', text])}`,
    () => text.replaceAll('"', "'"),
    () => text.replace('{', '{,'),
    () => text.replace('"config"', '"con\xfffig"'),
    () => text.replace('sha256', 'sha\xc0\xaf256'),
    () => `\xff\xfe${text}`,
    () => `[${text}]`,
    () => JSON.stringify(text),
    () => text.replace(':2', ':0x2').replace(':2', ':02'),
    () =>
      pick(random, [
        '',
        ' ',
        'null',
        'true',
        '0',
        '""',
        '[]',
        '{}',
        'undefined',
        'NaN',
        '{"a":1',
        '\0',
        '\xef\xbb\xbf',
      ]),
    () => anyBytes(random, 500),
    () => '['.repeat(random.int(1, 20_000)),
    () => `${'['.repeat(5000)}${']'.repeat(5000)}`,
    () => `{"__proto__":${text}}`,
    () => `{"constructor":{"prototype":${text}},"toString":${text}}`,
  ])();
}

/** For each member that has to be of one type: what is of another. Null is left out where it means absent. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  schemaVersion: [1, 3, '2', null, [], [2], {}, true, 2.5, -2, 1e300, undefined],
  mediaType: [
    'text/plain',
    `${OCI}.manifest.v1+json `,
    `${OCI}.manifest.v2+json`,
    '__proto__',
    'x'.repeat(4000),
  ],
  config: [null, 'x', 1, [], true, {}, [{}], undefined, { __proto__: {} }],
  layers: ['x', {}, 5, true, [null], [1], [[]], ['x'], [{}], { length: 1 }],
  annotations: [[], 'x', 5, { a: 1 }, { a: {} }, { a: ['x'] }],
  subject: ['x', 5, [], {}, { digest: 'x' }, true],
  artifactType: [5, {}, [], 'x'.repeat(300)],
  'config.digest': [null, 5, '', 'sha256:', `sha256:${'A'.repeat(64)}`, 'md5:x', {}, [], undefined],
  'config.size': [-1, 1.5, '1', 1e300, true, [], {}],
  'config.mediaType': [5, {}, [], 'x'.repeat(256)],
  'config.urls': ['x', 5, {}, [1]],
  'layers.0.digest': [null, 5, 'sha256:', '../../..', {}, undefined],
  'layers.0.size': [-1, 1.5, '1', 2 ** 60],
  'layers.0.mediaType': [5, {}, []],
};

function wrongType(random: Random, known: Known): string {
  const json = jsonOf(known);
  const path = pick(random, Object.keys(WRONG));
  set(json, path.split('.'), pick(random, WRONG[path] ?? []));
  return JSON.stringify(json);
}

function set(json: Json, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) json[key] = value;
  else set(json[key] as Json, rest, value);
}

/** Every member is of its type, and still it cannot be taken. */
function wrongContent(random: Random, known: Known): string {
  const json = jsonOf(known);
  const nowhere = () => ({ mediaType: 'x', digest: unknownDigest(random), size: 1 });
  return JSON.stringify(
    pick<() => Json>(random, [
      () => ({ ...json, config: nowhere() }),
      () => ({ ...json, layers: [known.image.config, nowhere()] }),
      () => ({ ...json, manifests: [] }),
      () => ({ schemaVersion: 2, mediaType: INDEX, manifests: [nowhere()] }),
      () => ({ schemaVersion: 2, mediaType: INDEX, manifests: [{ ...nowhere(), platform: { os: 1 } }] }),
      () => ({ schemaVersion: 2, mediaType: INDEX, manifests: [], layers: [] }),
      () => ({ schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, manifests: [] }),
      () => ({ ...json, mediaType: INDEX }),
      () => ({
        ...json,
        layers: [{ ...nowhere(), mediaType: `${OCI}.layer.nondistributable.v1.tar`, urls: ['ftp://x'] }],
      }),
      () => ({ schemaVersion: 1, name: 'x', tag: 'x', fsLayers: [], history: [], signatures: [] }),
    ])(),
  );
}

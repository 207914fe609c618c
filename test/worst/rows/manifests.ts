import { MANIFEST_MAX_BYTES } from '../../../services/registry/oci/manifest.ts';
import { bytesOf } from '../../support/bytes.ts';
import { Content, EMPTY_CONFIG, Image, MEDIA_TYPES } from '../../support/image.ts';
import { absent, imageOf, indexOf } from '../many.ts';
import { allOf, lazily, type Row } from '../row.ts';
import type { WorstWorld } from '../world.ts';

const NAME = 'worst/manifests';
/** A repository with as many tags as may be read to delete a manifest. */
const TAGGED = 'worst/tagged';
const [GET, PUT, DELETE] = ['GET', 'PUT', 'DELETE'].map(
  (method) => `${method} /v2/*name/manifests/:reference`,
) as [string, string, string];
const scopes = [allOf(NAME), allOf(TAGGED)];
const at = (reference: string, name = NAME) => `/v2/${name}/manifests/${reference}`;

/** As the standard limits have them (`limits.manifests`, `limits.deletedtags`). */
const [CHILDREN, LAYERS, DELETED_TAGS] = [1000, 1000, 1000];
/** The most tags of a repository whose manifests can be deleted by digest. */
const TAGS = 20 * DELETED_TAGS;
/** Manifests that a tag has named. */
const PAST = 10_000;

const put =
  (manifest: () => Content, reference = 'x') =>
  (world: WorstWorld) => {
    const { bytes, mediaType } = manifest();
    const sent = { method: 'PUT', headers: { 'content-type': mediaType }, body: bytes };
    return world.send(at(reference), sent);
  };
const remove = (reference: string, name?: string) => (world: WorstWorld) =>
  world.send(at(reference, name), { method: 'DELETE' });

const artifact = (of: string) => new Image({ config: EMPTY_CONFIG, layers: [], annotations: { of } });
const long = (i: number) => new Content(bytesOf(`sha512 ${i}`, 64), MEDIA_TYPES.layer, 'sha512');
const children = lazily(() => Array.from({ length: CHILDREN }, (_, i) => artifact(`child ${i}`)));
const longs = lazily(() => Array.from({ length: LAYERS }, (_, i) => long(i)));

const absentChildren = lazily(() => indexOf(absent));
const absentLayers = lazily(() => imageOf(EMPTY_CONFIG, absent));
const repeated = lazily(() => imageOf(EMPTY_CONFIG, () => JSON.stringify(long(0))));
const mostAbsent = lazily(() => indexOf(absent, CHILDREN));
const mostChildren = lazily(() => indexOf((i) => JSON.stringify(children()[i]), CHILDREN));
const mostLayers = lazily(() => imageOf(EMPTY_CONFIG, (i) => JSON.stringify(longs()[i]), LAYERS));
const mostRepeated = lazily(() => imageOf(EMPTY_CONFIG, () => JSON.stringify(long(0)), LAYERS));
const large = lazily(() => {
  const annotations = { a: 'x'.repeat(MANIFEST_MAX_BYTES - 1000) };
  return new Image({ config: EMPTY_CONFIG, layers: [], annotations });
});
const members = lazily(() => {
  let text = '';
  for (let i = 0; text.length < MANIFEST_MAX_BYTES - 1000; i++) text += `"${i.toString(36)}":1,`;
  return new Content(Buffer.from(`{${text}"schemaVersion":2}`), MEDIA_TYPES.image);
});
const tagged = artifact('many tags');
const overtagged = artifact('too many tags');
const moved = artifact('a long past');

/** Requests for manifests. */
export const MANIFEST_ROWS: readonly Row[] = [
  {
    ...{ route: PUT, request: 'an index of 4 MiB whose children are all absent', scopes },
    ...{ status: 400, refusal: /objects and lists|members/, storeRequests: 0 },
    ask: put(absentChildren),
  },
  {
    ...{ route: PUT, request: `an index of ${CHILDREN} children that are all absent`, scopes },
    ...{ status: 400, refusal: /MANIFEST_BLOB_UNKNOWN/, storeRequests: 3 * CHILDREN + 10, isNightly: true },
    ask: put(mostAbsent),
  },
  {
    ...{ route: PUT, request: `an index of ${CHILDREN} manifests that are there`, scopes },
    ...{ status: 201, storeRequests: 3 * CHILDREN + 30, cpuMs: 2500 },
    prepare({ filler }) {
      filler.blob(NAME, EMPTY_CONFIG);
      for (const child of children()) filler.manifest(NAME, child);
    },
    ask: put(mostChildren),
  },
  {
    ...{ route: PUT, request: 'an image of 4 MiB whose layers are all absent', scopes },
    ...{ status: 400, refusal: /objects and lists|members/, storeRequests: 0, isNightly: true },
    ask: put(absentLayers),
  },
  {
    ...{ route: PUT, request: `an image of ${LAYERS} layers that are there, by SHA-512`, scopes },
    ...{ status: 201, storeRequests: 15 * LAYERS + 60, cpuMs: 4000 },
    prepare({ filler }) {
      filler.blob(NAME, EMPTY_CONFIG);
      for (const layer of longs()) filler.blob(NAME, layer);
    },
    ask: put(mostLayers),
  },
  {
    ...{ route: PUT, request: 'an image of 4 MiB that names one blob again and again, by SHA-512', scopes },
    ...{ status: 400, refusal: /objects and lists|members/, storeRequests: 0, isNightly: true },
    ask: put(repeated),
  },
  {
    ...{ route: PUT, request: `an image that names one blob ${LAYERS} times, by SHA-512`, scopes },
    ...{ status: 201, storeRequests: 45 },
    prepare({ filler }) {
      filler.blob(NAME, EMPTY_CONFIG);
      filler.blob(NAME, long(0));
    },
    ask: put(mostRepeated),
  },
  {
    ...{ route: PUT, request: 'an image with an annotation of 4 MiB, and 100 tags', scopes },
    ...{ status: 201, storeRequests: 430 },
    prepare: ({ filler }) => void filler.blob(NAME, EMPTY_CONFIG),
    ask(world) {
      const tags = Array.from({ length: 100 }, (_, i) => `tag=${'t'.repeat(120)}${i}`);
      return put(large, `${large().digest}?${tags.join('&')}`)(world);
    },
  },
  {
    ...{ route: PUT, request: '4 MiB of members that no manifest has', scopes },
    ...{ status: 400, refusal: /members/, storeRequests: 0 },
    ask: put(members),
  },
  {
    ...{ route: GET, request: 'one of 4 MiB, by tag, with 100 entity tags of others', scopes },
    ...{ status: 200, storeRequests: 5 },
    prepare: ({ filler }) => void filler.manifest(NAME, large(), ['large']),
    ask(world) {
      const others = Array.from({ length: 100 }, (_, i) => `"sha256:${String(i).padStart(64, '0')}"`);
      return world.send(at('large'), { headers: { 'if-none-match': others.join(', ') } });
    },
  },
  {
    ...{ route: DELETE, request: `a tag that has named ${PAST} manifests`, scopes },
    ...{ status: 202, storeRequests: 55, cpuMs: 3000 },
    prepare({ filler }) {
      filler.manifest(NAME, moved, ['moved']);
      for (let i = 0; i < PAST; i++)
        filler.tagHistory(NAME, 'moved', `sha256:${i.toString(16).padStart(64, '0')}`);
    },
    ask: remove('moved'),
  },
  {
    ...{ route: DELETE, request: `one that ${DELETED_TAGS} of ${TAGS} tags name`, scopes },
    ...{ status: 202, storeRequests: TAGS + DELETED_TAGS + 100, cpuMs: 10_000, isNightly: true },
    prepare({ filler }) {
      filler.blob(TAGGED, EMPTY_CONFIG);
      filler.manifest(TAGGED, tagged, tagsFrom(0, DELETED_TAGS));
      filler.manifest(TAGGED, overtagged, tagsFrom(DELETED_TAGS, TAGS));
    },
    ask: remove(tagged.digest, TAGGED),
  },
  {
    ...{ route: DELETE, request: `one that more than ${DELETED_TAGS} tags name`, scopes },
    ...{
      status: 409,
      refusal: /limits\.deletedtags/,
      storeRequests: DELETED_TAGS + 100,
      cpuMs: 10_000,
      isNightly: true,
    },
    prepare: ({ filler }) => void filler.manifest(TAGGED, overtagged, tagsFrom(0, DELETED_TAGS + 1)),
    ask: remove(overtagged.digest, TAGGED),
  },
];

function tagsFrom(first: number, end: number): string[] {
  return Array.from({ length: end - first }, (_, i) => `tag-${first + i}`);
}

import { MANIFEST_MAX_BYTES } from '../../../services/registry/oci/manifest.ts';
import { Content, EMPTY_CONFIG, Image, MEDIA_TYPES } from '../../support/image.ts';
import { absent, imageOf, indexOf } from '../many.ts';
import { allOf, lazily, type Row } from '../row.ts';
import type { WorstWorld } from '../world.ts';

const NAME = 'worst/manifests';
const [GET, PUT, DELETE] = ['GET', 'PUT', 'DELETE'].map(
  (method) => `${method} /v2/*name/manifests/:reference`,
) as [string, string, string];
const scopes = [allOf(NAME)];
const at = (reference: string) => `/v2/${NAME}/manifests/${reference}`;

const CHILDREN = 5000;
const LAYERS = 5000;
const TAGS = 10_000;

const put =
  (manifest: () => Content, reference = 'x') =>
  (world: WorstWorld) => {
    const { bytes, mediaType } = manifest();
    const sent = { method: 'PUT', headers: { 'content-type': mediaType }, body: bytes };
    return world.send(at(reference), sent);
  };
const remove = (reference: () => string) => (world: WorstWorld) =>
  world.send(at(reference()), { method: 'DELETE' });

const absentChildren = lazily(() => indexOf(absent));
const absentLayers = lazily(() => imageOf(EMPTY_CONFIG, absent));
const long = new Content(Buffer.from('sha512'), MEDIA_TYPES.layer, 'sha512');
const repeated = lazily(() => imageOf(EMPTY_CONFIG, () => JSON.stringify(long)));
const large = lazily(
  () =>
    new Image({
      ...{ config: EMPTY_CONFIG, layers: [] },
      annotations: { a: 'x'.repeat(MANIFEST_MAX_BYTES - 1000) },
    }),
);
const members = lazily(() => {
  let text = '';
  for (let i = 0; text.length < MANIFEST_MAX_BYTES - 1000; i++) text += `"${i.toString(36)}":1,`;
  return new Content(Buffer.from(`{${text}"schemaVersion":2}`), MEDIA_TYPES.image);
});
const tagged = new Image({ config: EMPTY_CONFIG, layers: [], annotations: { of: 'many tags' } });
const moved = new Image({ config: EMPTY_CONFIG, layers: [], annotations: { of: 'a long history' } });
let children: Content | undefined;
let layers: Content | undefined;

/** Requests for manifests. */
export const MANIFEST_ROWS: readonly Row[] = [
  {
    ...{ route: PUT, request: 'an index of 4 MiB whose children are all absent', scopes },
    ...{ status: 400, storeRequests: 0 },
    ask: put(absentChildren),
  },
  {
    ...{ route: PUT, request: `an index of ${CHILDREN} manifests that are there`, scopes },
    ...{ status: 201, storeRequests: 2 * CHILDREN },
    prepare({ filler }) {
      const made = filler.artifacts(NAME, 'child', CHILDREN);
      children = indexOf((i) => JSON.stringify(made[i]), CHILDREN);
    },
    ask: put(() => children as Content),
  },
  {
    ...{ route: PUT, request: 'an image of 4 MiB whose layers are all absent', scopes },
    ...{ status: 400, storeRequests: 0 },
    ask: put(absentLayers),
  },
  {
    ...{ route: PUT, request: `an image of ${LAYERS} layers that are there`, scopes },
    ...{ status: 201, storeRequests: 2 * LAYERS },
    prepare({ filler }) {
      filler.blob(NAME, EMPTY_CONFIG);
      const made = filler.blobs(NAME, 'layer', LAYERS);
      layers = imageOf(EMPTY_CONFIG, (i) => JSON.stringify(made[i]), LAYERS);
    },
    ask: put(() => layers as Content),
  },
  {
    ...{ route: PUT, request: 'an image of 4 MiB that names one blob again and again, by SHA-512', scopes },
    ...{ status: 201, storeRequests: 40 },
    prepare({ filler }) {
      filler.blob(NAME, EMPTY_CONFIG);
      filler.blob(NAME, long);
    },
    ask: put(repeated),
  },
  {
    ...{ route: PUT, request: 'an image with an annotation of 4 MiB, and 100 tags', scopes },
    ...{ status: 201, storeRequests: 1000 },
    prepare: ({ filler }) => void filler.blob(NAME, EMPTY_CONFIG),
    ask(world) {
      const tags = Array.from({ length: 100 }, (_, i) => `tag=${'t'.repeat(120)}${i}`);
      return put(large, `${large().digest}?${tags.join('&')}`)(world);
    },
  },
  {
    ...{ route: PUT, request: '4 MiB of members that no manifest has', scopes },
    ...{ status: 400, storeRequests: 0 },
    ask: put(members),
  },
  {
    ...{ route: GET, request: 'one of 4 MiB, by tag, with 100 entity tags of others', scopes },
    ...{ status: 200, storeRequests: 20 },
    prepare: ({ filler }) => void filler.manifest(NAME, large(), ['large']),
    ask(world) {
      const others = Array.from({ length: 100 }, (_, i) => `"sha256:${String(i).padStart(64, '0')}"`);
      return world.send(at('large'), { headers: { 'if-none-match': others.join(', ') } });
    },
  },
  {
    ...{ route: DELETE, request: `one that ${TAGS} tags name`, scopes },
    ...{ status: 202, storeRequests: 4 * TAGS },
    prepare: ({ filler }) => fillTags(filler, tagged),
    ask: remove(() => tagged.digest),
  },
  {
    ...{ route: DELETE, request: `a tag that has named ${TAGS} manifests`, scopes },
    ...{ status: 202, storeRequests: 100 },
    prepare({ filler }) {
      filler.manifest(NAME, moved, ['moved']);
      for (let i = 0; i < TAGS; i++)
        filler.tagHistory(NAME, 'moved', `sha256:${i.toString(16).padStart(64, '0')}`);
    },
    ask: remove(() => 'moved'),
  },
];

function fillTags(filler: WorstWorld['filler'], manifest: Image): void {
  filler.blob(NAME, EMPTY_CONFIG);
  const tags = Array.from({ length: TAGS }, (_, i) => `tag-${i}`);
  filler.manifest(NAME, manifest, tags);
}

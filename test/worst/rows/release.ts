import { bytesOf } from '../../support/bytes.ts';
import { sha256 } from '../../support/digest.ts';
import { type Descriptor, EMPTY_CONFIG, Image, MEDIA_TYPES, manifestOf } from '../../support/image.ts';
import { once, type Row } from '../row.ts';
import type { WorstWorld } from '../world.ts';

const NAME = 'candidate/release';
const api = (path: string) => `/api/v1/${path}`;
const PUBLICATIONS = 100;
const BLOBS = 1000;
/** An image may have this many manifests. */
const MANIFESTS = 1000;
/** Of each: together nearly as many blobs as a promotion takes (`image.ts`). */
const LAYERS = 2;
/** Manifests of an image that is promoted by day. */
const SOME = 100;

const view = ['registry:release:view'];
const scopes = [...view, `repository:${NAME}:pull`, 'repository:stable/release:pull,promote'];
const get = (path: string) => (world: WorstWorld) => world.send(api(path));

/** An image of so large an index, which has its size as its tag. */
const fillImage = (manifests: number) =>
  once(({ filler }) => {
    filler.blob(NAME, EMPTY_CONFIG);
    const images = Array.from({ length: manifests - 1 }, (_, i) => {
      const layers = filler.blobs(NAME, `layer ${manifests} ${i}`, LAYERS);
      return filler.manifest(NAME, new Image({ config: EMPTY_CONFIG, layers }));
    });
    filler.manifest(NAME, manifestOf(MEDIA_TYPES.index, { manifests: images }), [String(manifests)]);
  });
const [fillLargest, fillSome] = [fillImage(MANIFESTS), fillImage(SOME)];

const promote = (manifests: number, dryRun: boolean) => (world: WorstWorld) =>
  world.send(api('promotions'), {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: Buffer.from(
      JSON.stringify({
        ...{ source: `${NAME}:${manifests}`, target: `stable/release:${manifests}`, dryRun },
      }),
    ),
  });

const fillLog = once(({ filler }) => {
  const image = new Image({ config: EMPTY_CONFIG, layers: [] });
  for (let seq = 1; seq <= PUBLICATIONS; seq++) {
    const blobs = Array.from({ length: BLOBS }, (_, i): Descriptor => {
      return { mediaType: '', digest: sha256(bytesOf(`published ${seq} ${i}`, 10)), size: 10 };
    });
    filler.publication(seq, image, blobs);
  }
});

/** Requests to the release service. */
export const RELEASE_ROWS: readonly Row[] = [
  {
    ...{
      route: `GET ${api('publications')}`,
      request: `the largest page, 100 entries of ${BLOBS} blobs each`,
    },
    ...{ status: 200, storeRequests: 110, scopes: view, isNightly: true },
    prepare: fillLog,
    ask: get('publications?limit=100'),
  },
  {
    ...{ route: `GET ${api('publications/:seq')}`, request: `an entry of ${BLOBS} blobs` },
    ...{ status: 200, storeRequests: 2, scopes: view, isNightly: true },
    prepare: fillLog,
    ask: get('publications/1'),
  },
  {
    ...{
      route: `POST ${api('promotions')}`,
      request: `a dry run of an image of ${MANIFESTS} manifests with ${LAYERS} layers each`,
    },
    ...{ status: 200, storeRequests: 15_100, scopes, cpuMs: 4000, isNightly: true },
    prepare: fillLargest,
    ask: promote(MANIFESTS, true),
  },
  {
    ...{ route: `POST ${api('promotions')}`, request: 'the promotion of that image' },
    ...{ status: 200, storeRequests: 72_500, scopes, cpuMs: 15_000, isNightly: true },
    prepare: fillLargest,
    ask: promote(MANIFESTS, false),
  },
  {
    ...{
      route: `POST ${api('promotions')}`,
      request: `the promotion of an image of ${SOME} manifests with ${LAYERS} layers each`,
    },
    ...{ status: 200, storeRequests: 70 * SOME, scopes, cpuMs: 2500 },
    prepare: fillSome,
    ask: promote(SOME, false),
  },
  {
    ...{ route: `GET ${api('mirrors')}`, request: 'the mirrors' },
    ...{ status: 200, storeRequests: 5, scopes: view, isNightly: true },
    ask: get('mirrors'),
  },
  {
    ...{ route: `GET ${api('status')}`, request: 'the status' },
    ...{ status: 200, storeRequests: 10, scopes: view, isNightly: true },
    ask: get('status'),
  },
  {
    ...{ route: `GET ${api('explain')}`, request: 'a blob' },
    ...{ status: 200, storeRequests: 10, scopes },
    prepare: fillSome,
    ask: (world) => get(`explain?repository=${NAME}&digest=${EMPTY_CONFIG.digest}&client=127.0.0.1`)(world),
  },
  {
    ...{ route: `GET ${api('openapi.json')}`, request: 'the document' },
    ...{ status: 200, storeRequests: 0, isNightly: true },
    ask: get('openapi.json'),
  },
];

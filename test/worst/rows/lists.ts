import { MANIFEST_MAX_BYTES } from '../../../services/registry/oci/manifest.ts';
import { hexOf } from '../../support/digest.ts';
import { EMPTY_CONFIG, Image, MEDIA_TYPES, manifestOf } from '../../support/image.ts';
import { indexOf } from '../many.ts';
import { allOf, once, type Row } from '../row.ts';
import type { WorstWorld } from '../world.ts';

const NAME = 'worst/lists';
const TAGS_ROUTE = 'GET /v2/*name/tags/list';
const CATALOG = 'GET /v2/_catalog';
const REFERRERS = 'GET /v2/*name/referrers/:digest';
const TAGS = 10_000;
/** The largest page unless the operator allows another. */
const PAGE = 1000;
const REPOSITORIES = 2000;
const REFERRERS_COUNT = 3000;
/** Of which a page reads this many at most; the last batch may be read in vain. */
const READ_AT_MOST = 1016;
/** As the standard limit of an index has it (`limits.manifests`). */
const CHILDREN = 1000;
const LARGE_REFERRERS = 40;

const scopes = [allOf(NAME)];
const catalogScopes = ['registry:catalog:*'];
const get = (path: string) => (world: WorstWorld) => world.send(path);
const subjectOf = (label: string) => new Image({ config: EMPTY_CONFIG, layers: [], annotations: { label } });
const referrersOf = ({ digest }: Image, query = '') => get(`/v2/${NAME}/referrers/${digest}${query}`);

const fillTags = once(({ filler }) => {
  filler.blob(NAME, EMPTY_CONFIG);
  filler.manifest(
    NAME,
    subjectOf('tags'),
    Array.from({ length: TAGS }, (_, i) => `tag-${i}`),
  );
});

const [many, large, repeated, distinct] = [
  subjectOf('many'),
  subjectOf('large'),
  subjectOf('repeated'),
  subjectOf('distinct'),
] as const;

/** Requests for lists of the API. */
export const LIST_ROWS: readonly Row[] = [
  {
    ...{ route: TAGS_ROUTE, request: `all ${TAGS} tags of a repository, without n`, scopes },
    ...{ status: 200, storeRequests: 15 },
    prepare: fillTags,
    ask: get(`/v2/${NAME}/tags/list`),
  },
  {
    ...{ route: TAGS_ROUTE, request: `the largest page, ${PAGE} of ${TAGS} tags`, scopes },
    ...{ status: 200, storeRequests: 5, isNightly: true },
    prepare: fillTags,
    ask: get(`/v2/${NAME}/tags/list?n=99999&last=tag-5`),
  },
  {
    ...{
      route: CATALOG,
      request: `the largest page, ${PAGE} of ${REPOSITORIES} repositories, every second one empty`,
    },
    ...{ status: 200, storeRequests: 4 * PAGE + 10, cpuMs: 2500, scopes: catalogScopes },
    prepare({ filler }) {
      const manifest = subjectOf('catalog');
      for (let i = 0; i < REPOSITORIES; i++) {
        const name = `worst/catalog/${i}`;
        if (i % 2 === 0) filler.blob(name, EMPTY_CONFIG);
        else filler.manifest(name, manifest, ['latest']);
      }
    },
    ask: get('/v2/_catalog?n=99999&last=worst%2Fcatalog%2F0'),
  },
  {
    ...{ route: REFERRERS, request: `of ${REFERRERS_COUNT} referrers those of a type that none has`, scopes },
    ...{ status: 200, storeRequests: 2 * READ_AT_MOST },
    prepare({ filler }) {
      filler.manifest(NAME, many);
      for (const each of filler.artifacts(NAME, 'referrer', REFERRERS_COUNT, { subject: many }))
        filler.referrer(NAME, many, each);
    },
    ask: referrersOf(many, '?artifactType=none'),
  },
  {
    ...{
      route: REFERRERS,
      request: `of ${LARGE_REFERRERS} referrers of 4 MiB those of a type that none has`,
      scopes,
    },
    ...{ status: 200, storeRequests: 50 },
    prepare({ filler }) {
      filler.manifest(NAME, large);
      const annotations = (i: number) => ({ i: String(i), x: 'x'.repeat(MANIFEST_MAX_BYTES - 1000) });
      for (let i = 0; i < LARGE_REFERRERS; i++) {
        const image = new Image({
          ...{ config: EMPTY_CONFIG, layers: [], subject: large },
          annotations: annotations(i),
        });
        filler.referrer(NAME, large, filler.manifest(NAME, image), { annotations: annotations(i) });
      }
    },
    ask: referrersOf(large, '?artifactType=none'),
  },
  {
    ...{
      route: REFERRERS,
      request: `a fallback tag that lists one referrer ${CHILDREN} times`,
      scopes,
    },
    ...{ status: 200, storeRequests: 10, isNightly: true },
    prepare({ filler }) {
      filler.manifest(NAME, repeated);
      const [one] = filler.artifacts(NAME, 'repeated', 1, { subject: repeated });
      const index = indexOf(() => JSON.stringify(one), CHILDREN);
      filler.manifest(NAME, index, [`sha256-${hexOf(repeated.digest)}`]);
    },
    ask: referrersOf(repeated),
  },
  {
    ...{ route: REFERRERS, request: `a fallback tag that lists ${CHILDREN} referrers`, scopes },
    ...{ status: 200, storeRequests: 4 * CHILDREN + 20 },
    prepare({ filler }) {
      filler.manifest(NAME, distinct);
      const manifests = filler.artifacts(NAME, 'distinct', CHILDREN, { subject: distinct });
      filler.manifest(NAME, manifestOf(MEDIA_TYPES.index, { manifests }), [
        `sha256-${hexOf(distinct.digest)}`,
      ]);
    },
    ask: referrersOf(distinct),
  },
];

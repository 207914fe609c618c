import { RANGES_MAX } from '../../../services/http/range.ts';
import { MIB } from '../../faults/resident.ts';
import { newBytes } from '../../support/bytes.ts';
import { hexOf, sha256 } from '../../support/digest.ts';
import { Content, EMPTY_CONFIG, Image } from '../../support/image.ts';
import { allOf, lazily, type Row } from '../row.ts';
import type { WorstWorld } from '../world.ts';

const NAME = 'worst/blobs';
const [GET, DELETE] = ['GET', 'DELETE'].map((method) => `${method} /v2/*name/blobs/:digest`) as [
  string,
  string,
];
const ORIGIN = 'GET /origin/docker/registry/v2/blobs/:algorithm/:prefix/:hex/data';
const BLOB_MB = 64;

const scopes = [allOf(NAME)];
const blob = lazily(() => new Content(newBytes(BLOB_MB * MIB)));
const fill = ({ filler }: WorstWorld) => void filler.blob(NAME, blob());
const at = ({ digest }: Content) => `/v2/${NAME}/blobs/${digest}`;
const originOf = (digest: string) => {
  const hex = hexOf(digest);
  return `/origin/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
};
/** As many ranges as are answered, far from one another, backwards. */
const RANGES = Array.from({ length: RANGES_MAX }, (_, i) => {
  const first = (RANGES_MAX - 1 - i) * ((BLOB_MB * MIB) / RANGES_MAX);
  return `${first}-${first + 9999}`;
});
const range = { range: `bytes=${RANGES.join(',')}` };

/** Requests for blobs. */
export const BLOB_ROWS: readonly Row[] = [
  {
    ...{ route: GET, request: `one of ${BLOB_MB} MiB`, scopes },
    ...{ status: 200, storeRequests: 5, isNightly: true },
    prepare: fill,
    ask: (world) => world.send(at(blob())),
  },
  {
    ...{ route: GET, request: `${RANGES_MAX} ranges of one of ${BLOB_MB} MiB`, scopes },
    ...{ status: 206, storeRequests: RANGES_MAX + 5 },
    prepare: fill,
    ask: (world) => world.send(at(blob()), { headers: range }),
  },
  {
    ...{ route: DELETE, request: 'one', scopes },
    ...{ status: 202, storeRequests: 20, isNightly: true },
    prepare: fill,
    ask: (world) => world.send(at(blob()), { method: 'DELETE' }),
  },
  {
    ...{ route: ORIGIN, request: `${RANGES_MAX} ranges of a published one of ${BLOB_MB} MiB` },
    ...{ status: 206, storeRequests: RANGES_MAX + 5 },
    prepare({ filler }) {
      const image = filler.manifest('stable/blobs', new Image({ config: EMPTY_CONFIG, layers: [blob()] }));
      filler.publication(1, image, [filler.blob('stable/blobs', blob())]);
    },
    ask: (world) => world.send(originOf(blob().digest), { headers: range }),
  },
  {
    ...{ route: ORIGIN, request: 'one that is nowhere' },
    ...{ status: 404, refusal: /BLOB_UNKNOWN/, storeRequests: 3, isNightly: true },
    ask: (world) => world.send(originOf(sha256(newBytes()))),
  },
];

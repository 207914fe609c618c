import { MIB } from '../../faults/resident.ts';
import { newBytes } from '../../support/bytes.ts';
import { sha256, sha512 } from '../../support/digest.ts';
import { Content } from '../../support/image.ts';
import { allOf, lazily, type Row } from '../row.ts';
import type { WorstWorld } from '../world.ts';

const NAME = 'worst/uploads';
const OTHER = 'worst/others';
const BEGIN = 'POST /v2/*name/blobs/uploads/';
const [GET, PATCH, PUT, DELETE] = ['GET', 'PATCH', 'PUT', 'DELETE'].map(
  (method) => `${method} /v2/*name/blobs/uploads/:id`,
) as [string, string, string, string];
const PIECES = 300;
const BODY_MB = 64;

const scopes = [allOf(NAME), allOf(OTHER)];
const body = lazily(() => newBytes(BODY_MB * MIB));
const uploads = `/v2/${NAME}/blobs/uploads/`;
const mounted = new Content(newBytes(100));
const BYTES = { 'content-type': 'application/octet-stream' };

let path = '';
/** Begins an upload and sends it one byte at a time. */
async function inPieces(world: WorstWorld): Promise<void> {
  await world.start({ scopes });
  const begun = await world.send(uploads, { method: 'POST' });
  path = new URL(begun.headers.location ?? '', 'http://registry').pathname;
  for (let i = 0; i < PIECES; i++) {
    const { status } = await world.send(path, { method: 'PATCH', headers: BYTES, body: Buffer.from('a') });
    if (status !== 202) throw new Error(`PATCH ${i}: ${status}`);
  }
}
const pieces = Buffer.alloc(PIECES, 'a');

/** Requests of uploads. */
export const UPLOAD_ROWS: readonly Row[] = [
  {
    ...{ route: BEGIN, request: `a blob of ${BODY_MB} MiB in one request, by its SHA-512`, scopes },
    ...{ status: 201, storeRequests: 40 },
    ask: (world) =>
      world.send(`${uploads}?digest=${sha512(body())}`, { method: 'POST', headers: BYTES, body: body() }),
  },
  {
    ...{ route: BEGIN, request: 'a mount from another repository', scopes },
    ...{ status: 201, storeRequests: 25, isNightly: true },
    prepare: ({ filler }) => void filler.blob(OTHER, mounted),
    ask: (world) => world.send(`${uploads}?mount=${mounted.digest}&from=${OTHER}`, { method: 'POST' }),
  },
  {
    ...{ route: GET, request: `an upload of ${PIECES} pieces`, scopes },
    ...{ status: 204, storeRequests: 5, isNightly: true },
    prepare: inPieces,
    ask: (world) => world.send(path),
  },
  {
    ...{ route: PATCH, request: `one byte more for an upload of ${PIECES} pieces`, scopes },
    ...{ status: 202, storeRequests: 20, isNightly: true },
    prepare: inPieces,
    ask: (world) => world.send(path, { method: 'PATCH', headers: BYTES, body: Buffer.from('a') }),
  },
  {
    ...{ route: PATCH, request: `${BODY_MB} MiB`, scopes },
    ...{ status: 202, storeRequests: 60 },
    async prepare(world) {
      await world.start({ scopes });
      const begun = await world.send(uploads, { method: 'POST' });
      path = new URL(begun.headers.location ?? '', 'http://registry').pathname;
    },
    ask: (world) => world.send(path, { method: 'PATCH', headers: BYTES, body: body() }),
  },
  {
    ...{ route: PUT, request: `the end of an upload of ${PIECES} pieces`, scopes },
    ...{ status: 201, storeRequests: 30 },
    prepare: inPieces,
    ask: (world) => world.send(`${path}?digest=${sha256(pieces)}`, { method: 'PUT' }),
  },
  {
    ...{ route: DELETE, request: `an upload of ${PIECES} pieces`, scopes },
    ...{ status: 204, storeRequests: 20, isNightly: true },
    prepare: inPieces,
    ask: (world) => world.send(path, { method: 'DELETE' }),
  },
];

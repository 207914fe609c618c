import { inPieces } from '../protocol/wire.ts';
import type { Target } from './check.ts';
import type { Answer } from './client.ts';
import type { Blob } from './content.ts';
import { expectStatus, locationOf } from './expectations.ts';

const OCTETS = { 'content-type': 'application/octet-stream' };
/** No registry that names a smaller minimum is kept waiting; the official suite's is as large. */
const CHUNK_BYTES = 1024;

/** A way to push a blob: to its last answer, whatever that is. Answers before that one must be as specified. */
export type Upload = (on: Target, repository: string, blob: Blob, options?: UploadOptions) => Promise<Answer>;

interface UploadOptions {
  /** Tells the registry with the POST which algorithm the digest will have (end-4c, main branch). */
  readonly hint?: string;
}

export type UploadWay =
  | 'POST and PUT'
  | 'one POST'
  | 'one chunk'
  | 'a stream'
  | 'chunks'
  | 'chunks, the last with the PUT';

/** The ways that every registry that takes pushes has to know. */
export const UPLOADS: Readonly<Record<UploadWay, Upload>> = {
  'POST and PUT': async (on, repository, blob, options) =>
    close(on, await begin(on, repository, options), blob, blob.bytes),
  'one POST': async (on, repository, blob) => {
    const answer = await postWhole(on, repository, blob);
    // "Registries that do not support single request uploads SHOULD return 202, and clients SHOULD proceed with a PUT."
    return answer.status === 202 ? close(on, locationOf(answer), blob, blob.bytes) : answer;
  },
  'one chunk': async (on, repository, blob, options) => {
    const session = await begin(on, repository, options);
    return close(on, await patched(on, session, blob, 0, blob.bytes.length), blob);
  },
  'a stream': async (on, repository, blob, options) => {
    const session = await begin(on, repository, options);
    const answer = await on.client.ask(session, {
      method: 'PATCH',
      headers: OCTETS,
      body: inPieces(blob.bytes, 500),
    });
    expectStatus(answer, 202);
    return close(on, locationOf(answer), blob);
  },
  chunks: async (on, repository, blob, options) => {
    let session = await begin(on, repository, options);
    for (const [start, end] of chunksOf(blob)) session = await patched(on, session, blob, start, end);
    return close(on, session, blob);
  },
  'chunks, the last with the PUT': async (on, repository, blob, options) => {
    let session = await begin(on, repository, options);
    const chunks = chunksOf(blob);
    for (const [start, end] of chunks.slice(0, -1)) session = await patched(on, session, blob, start, end);
    const [start, end] = chunks.at(-1) ?? [0, 0];
    return closeWithChunk(on, session, blob, start, end);
  },
};

export const UPLOAD_WAYS = Object.keys(UPLOADS) as UploadWay[];

/** Opens a session; returns where to push. */
export async function begin(on: Target, repository: string, { hint }: UploadOptions = {}): Promise<URL> {
  const answer = await on.client.ask(`/v2/${repository}/blobs/uploads/`, {
    method: 'POST',
    ...(hint !== undefined && { query: { 'digest-algorithm': hint } }),
  });
  expectStatus(answer, 202);
  return locationOf(answer);
}

/** Sends everything with the POST (end-4b). */
export function postWhole(on: Target, repository: string, { digest, bytes }: Blob): Promise<Answer> {
  return on.client.ask(`/v2/${repository}/blobs/uploads/`, {
    method: 'POST',
    headers: OCTETS,
    query: { digest },
    body: bytes,
  });
}

/** Sends the bytes from `start` to before `end` (end-5). */
export function patch(on: Target, session: URL, blob: Blob, start: number, end: number): Promise<Answer> {
  const headers = { ...OCTETS, 'content-range': `${start}-${end - 1}` };
  return on.client.ask(session, { method: 'PATCH', headers, body: blob.bytes.subarray(start, end) });
}

/** Closes a session, with the whole blob or nothing more (end-6). */
export function close(
  on: Target,
  session: URL,
  { digest }: Blob,
  body: Buffer = Buffer.alloc(0),
): Promise<Answer> {
  return on.client.ask(session, { method: 'PUT', headers: OCTETS, query: { digest }, body });
}

/** Closes a session with its last chunk. */
export function closeWithChunk(
  on: Target,
  session: URL,
  blob: Blob,
  start: number,
  end: number,
): Promise<Answer> {
  // An empty blob has no bytes that a range could name.
  if (start === end) return close(on, session, blob);
  const headers = { ...OCTETS, 'content-range': `${start}-${end - 1}` };
  const body = blob.bytes.subarray(start, end);
  return on.client.ask(session, { method: 'PUT', headers, query: { digest: blob.digest }, body });
}

/** Where a blob's chunks start, and end before. */
export function chunksOf({ bytes }: Blob): (readonly [start: number, end: number])[] {
  const chunks: (readonly [number, number])[] = [];
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES)
    chunks.push([start, Math.min(start + CHUNK_BYTES, bytes.length)]);
  return chunks;
}

async function patched(on: Target, session: URL, blob: Blob, start: number, end: number): Promise<URL> {
  if (start === end) return session;
  const answer = await patch(on, session, blob, start, end);
  expectStatus(answer, 202);
  return locationOf(answer);
}

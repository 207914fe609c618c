import { type Dispatcher, request } from 'undici';
import { Hasher, type Sha256Digest } from '../registry/oci/digest.ts';
import { blobDataKey } from '../registry/storage/layout.ts';
import { Deadline } from './deadline.ts';
import { failureWords } from './failure-words.ts';
import { isPage, judgeHeaders, judgeStatus, otherSize, type PublicRead } from './public-answer.ts';

/** A blob that clients should get from a mirror. */
export interface PublicBlob {
  readonly digest: Sha256Digest;
  readonly sizeBytes: number;
}

/** Some bytes of a blob. */
export interface BlobPart {
  readonly firstByte: number;
  /** At least one, and no more than follow. */
  readonly sizeBytes: number;
}

export interface PublicReadOptions {
  readonly signal: AbortSignal;
  /** Makes the connections, if the mirror's certificate comes from an authority of its own. */
  readonly dispatcher?: Dispatcher | undefined;
  /** A short read needs no minimum rate: its progress is enough. @default 30_000 */
  readonly graceMs?: number | undefined;
  /** How long headers may take, and the body may make no progress. @default 5000 */
  readonly patienceMs?: number | undefined;
}

/** By it, operators distinguish reads by the registry from clients in their logs. */
export const READER_USER_AGENT = 'roadstead-reader';

const PATIENCE_MS = 5000;
/** Half a megabit a second is shared by several reads. */
const LEAST_BYTES_PER_MS = 16;
const GRACE_MS = 30_000;

/** A {@link PublicRead}, or an answer that broke off, which may have been the network. */
type Attempt = PublicRead | { readonly kind: 'cut'; readonly reason: string };

/**
 * Reads a blob whole over a mirror's public URL, as a client would, and compares size and SHA-256. Redirects are not
 * followed: a mirror that bounces does not hold the blob. A body that is cut off is read once more. Throws only when the
 * signal aborts.
 */
export async function readPublicly(
  url: string,
  blob: PublicBlob,
  options: PublicReadOptions,
): Promise<PublicRead> {
  const first = await attempt(url, blob, {}, options, readWhole);
  if (first.kind !== 'cut') return first;
  const second = await attempt(url, blob, {}, options, readWhole);
  return second.kind === 'cut' ? { kind: 'lost', reason: second.reason } : second;
}

/**
 * Asks for the first byte of a blob, and for its size. Works with servers that know no HEAD, or ignore `Range`: of those no
 * more than the first bytes are read. Throws only when the signal aborts.
 */
export async function askSize(
  url: string,
  blob: PublicBlob,
  options: PublicReadOptions,
): Promise<PublicRead> {
  // No server can answer a range of nothing.
  if (blob.sizeBytes === 0) return readPublicly(url, blob, options);
  const asked = await askPart(url, blob, { firstByte: 0, sizeBytes: 1 }, options);
  return asked === 'size unknown' ? readPublicly(url, blob, options) : asked;
}

/**
 * Reads a part of a blob over a mirror's public URL, and compares the size of the whole if the mirror names it; what the bytes
 * are it cannot know. Of servers that ignore `Range` it reads as many of the first bytes. Throws only when the signal aborts.
 */
export async function readPart(
  url: string,
  blob: PublicBlob,
  part: BlobPart,
  options: PublicReadOptions,
): Promise<PublicRead> {
  const asked = await askPart(url, blob, part, options);
  return asked === 'size unknown' ? { kind: 'good' } : asked;
}

async function askPart(
  url: string,
  blob: PublicBlob,
  { firstByte, sizeBytes }: BlobPart,
  options: PublicReadOptions,
): Promise<PublicRead | 'size unknown'> {
  const range = `${firstByte}-${firstByte + sizeBytes - 1}`;
  const asked = await attempt(
    ...([url, blob, { range: `bytes=${range}` }, options] as const),
    (response, _, progress) => readBytesOf(response, { blob, range, sizeBytes }, progress),
  );
  if (asked === 'size unknown' || asked.kind !== 'cut') return asked;
  return { kind: 'failing', reason: asked.reason };
}

/**
 * Asks a mirror that holds nothing yet for anything at all: whether it answers as a web server should. Throws only when the
 * signal aborts.
 */
export async function askServer(
  url: string,
  { signal, dispatcher, patienceMs = PATIENCE_MS }: PublicReadOptions,
): Promise<PublicRead> {
  using deadline = new Deadline(signal);
  deadline.expect(patienceMs, `no answer within ${patienceMs / 1000} s`);
  try {
    const { statusCode, body } = await request(`${url}/`, {
      ...{ method: 'GET', headersTimeout: 0, bodyTimeout: 0, signal: deadline.signal },
      headers: { 'user-agent': READER_USER_AGENT },
      ...(dispatcher && { dispatcher }),
    });
    body.on('error', () => undefined).destroy();
    if (statusCode < 500) return { kind: 'good' };
    return { kind: 'failing', reason: `its URL answers ${statusCode}` };
  } catch (error) {
    signal.throwIfAborted();
    return deadline.hasPassed ? late(deadline) : { kind: 'failing', reason: failureWords(error) };
  }
}

function late({ signal }: Deadline): PublicRead {
  return { kind: 'failing', reason: signal.reason.message, isLate: true };
}

type Read<T> = (
  response: Dispatcher.ResponseData,
  blob: PublicBlob,
  progress: (readBytes: number) => void,
) => Promise<T>;

/** Sends one request and reads its answer, within the deadlines. */
async function attempt<T>(
  url: string,
  blob: PublicBlob,
  headers: Record<string, string>,
  options: PublicReadOptions,
  read: Read<T>,
): Promise<T | Attempt> {
  const { signal, dispatcher, patienceMs = PATIENCE_MS, graceMs = GRACE_MS } = options;
  const seconds = patienceMs / 1000;
  using deadline = new Deadline(signal);
  let readBytes: number | undefined;
  try {
    deadline.expect(patienceMs, `no answer within ${seconds} s`);
    const response = await request(`${url}/${blobDataKey(blob.digest)}`, {
      // The deadlines here are stricter.
      ...{ method: 'GET', headersTimeout: 0, bodyTimeout: 0, signal: deadline.signal },
      headers: { 'accept-encoding': 'identity', 'user-agent': READER_USER_AGENT, ...headers },
      ...(dispatcher && { dispatcher }),
    });
    // What is not read to its end is cut off with the request.
    response.body.on('error', () => undefined);
    const startedAt = performance.now();
    const progress = (bytes: number) => {
      readBytes = bytes;
      const passedMs = performance.now() - startedAt;
      if (passedMs > graceMs && bytes < (passedMs - graceMs) * LEAST_BYTES_PER_MS)
        deadline.fail(`too slow: ${bytes} of ${blob.sizeBytes} bytes within ${Math.ceil(passedMs / 1000)} s`);
      else
        deadline.expect(
          patienceMs,
          `it stalled: no bytes for ${seconds} s after ${bytes} of ${blob.sizeBytes}`,
        );
    };
    try {
      progress(0);
      return judgeStatus(response) ?? (await read(response, blob, progress));
    } finally {
      response.body.destroy();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.hasPassed) return late(deadline);
    if (readBytes !== undefined)
      return { kind: 'cut', reason: `cut off after ${readBytes} of ${blob.sizeBytes} bytes` };
    return { kind: 'failing', reason: failureWords(error) };
  }
}

async function readWhole(
  response: Dispatcher.ResponseData,
  { digest, sizeBytes }: PublicBlob,
  progress: (readBytes: number) => void,
): Promise<PublicRead> {
  if (response.statusCode !== 200)
    return { kind: 'lost', reason: `its URL answers ${response.statusCode} to a request for the whole` };
  const wrong = judgeHeaders(response, sizeBytes);
  if (wrong !== undefined) return { kind: 'lost', reason: wrong };
  const hasher = new Hasher();
  for await (const chunk of response.body) {
    hasher.update(chunk);
    // The rest, which may have no end, is cut off.
    if (hasher.sizeBytes > sizeBytes)
      return { kind: 'lost', reason: `its URL has more than ${sizeBytes} bytes` };
    progress(hasher.sizeBytes);
  }
  if (hasher.sizeBytes !== sizeBytes)
    return { kind: 'lost', reason: otherSize(hasher.sizeBytes, sizeBytes, isPage(response.headers)) };
  if (hasher.digests().canonicalDigest === digest) return { kind: 'good' };
  const what = isPage(response.headers) ? 'an HTML page' : 'wrong bytes of the right size';
  return { kind: 'lost', reason: `its URL has ${what}` };
}

interface AskedPart {
  readonly blob: PublicBlob;
  /** `FIRST-LAST`, as in Range and Content-Range. */
  readonly range: string;
  readonly sizeBytes: number;
}

async function readBytesOf(
  response: Dispatcher.ResponseData,
  { blob, range, sizeBytes }: AskedPart,
  progress: (readBytes: number) => void,
): Promise<PublicRead | 'size unknown'> {
  const { statusCode, headers } = response;
  const isSizeNamed = statusCode !== 200 || headers['content-length'] !== undefined;
  // A server that ignores Range.
  if (statusCode === 200) {
    const wrong = judgeHeaders(response, blob.sizeBytes);
    if (wrong !== undefined) return { kind: 'lost', reason: wrong };
  } else {
    const [, answered, total] = /^bytes (\d+-\d+)\/(\d+)$/.exec(String(headers['content-range'] ?? '')) ?? [];
    if (total === undefined) return { kind: 'lost', reason: 'its URL answers a range without the size' };
    if (Number(total) !== blob.sizeBytes)
      return { kind: 'lost', reason: otherSize(Number(total), blob.sizeBytes) };
    if (answered !== range)
      return { kind: 'lost', reason: `its URL answers bytes ${answered} instead of ${range}` };
  }
  let readBytes = 0;
  for await (const chunk of response.body) {
    readBytes += (chunk as Buffer).length;
    if (readBytes >= sizeBytes) return isSizeNamed ? { kind: 'good' } : 'size unknown';
    progress(readBytes);
  }
  if (readBytes === 0) return { kind: 'lost', reason: 'its URL answers without a byte' };
  return { kind: 'lost', reason: `its URL has ${readBytes} of ${sizeBytes} bytes that it promises` };
}

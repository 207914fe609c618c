import { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import { Hasher, hexOf } from '../../registry/oci/digest.ts';
import { blobDataKey } from '../../registry/storage/layout.ts';
import type { MirrorTarget, WantedBlob } from './target.ts';

export interface WebdavOptions {
  /** Base URL for writes, without trailing slash. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Makes the connections, if the server requests a client certificate or has a private one. */
  readonly dispatcher?: Dispatcher | undefined;
  /** How long a request may take besides the time for a blob's bytes, and a mirror be silent. @default 30_000 */
  readonly patienceMs?: number | undefined;
}

const PATIENCE_MS = 30_000;
/**
 * A slower mirror counts as dead, even if it sends a byte now and then. Several blobs share its line: together they may
 * take half a megabit a second.
 */
const LEAST_BYTES_PER_MS = 16;
/** Longest time of a timer. */
const LIMIT_MAX_MS = 2 ** 31 - 1;
/** Read of an answer that nobody needs, to use the connection again; the rest is cut off. */
const UNNEEDED_MAX_BYTES = 16 * 1024;

/**
 * A mirror that accepts WebDAV writes, such as nginx with its dav module (`infra/mirror/nginx.conf`): PUT to a temporary
 * name, then MOVE, which is rename(2) there, so that a blob becomes visible atomically.
 */
export class WebdavTarget implements MirrorTarget {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #dispatcher: Dispatcher | undefined;
  readonly #patienceMs: number;

  constructor({ url, username = '', password, dispatcher, patienceMs = PATIENCE_MS }: WebdavOptions) {
    this.#url = url;
    this.#patienceMs = patienceMs;
    this.#dispatcher = dispatcher;
    this.#headers =
      password === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }

  async write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    // The same name for each attempt: what a failed one left behind is replaced, not added to.
    const temporary = `.incoming/${hexOf(blob.digest)}`;
    const put = {
      headers: { 'content-length': String(blob.sizeBytes) },
      body: Readable.from(body, { objectMode: false }),
      sizeBytes: blob.sizeBytes,
    };
    await this.#ask('PUT', temporary, put, signal, settle);
    const path = new URL(`${this.#url}/${blobDataKey(blob.digest)}`).pathname;
    await this.#ask('MOVE', temporary, { headers: { destination: path, overwrite: 'T' } }, signal, settle);
  }

  async verify(blob: WantedBlob, signal: AbortSignal): Promise<'good' | 'bad' | 'absent'> {
    const { digest, sizeBytes } = blob;
    return this.#ask('GET', blobDataKey(digest), { sizeBytes }, signal, async ({ statusCode, body }) => {
      if (statusCode !== 200) {
        await skip(body);
        if (isAbsence(statusCode)) return 'absent';
        throw new Error(`GET was answered with ${statusCode}`);
      }
      const hasher = new Hasher();
      for await (const chunk of body) {
        hasher.update(chunk);
        // Too long: the rest, which may have no end, is cut off.
        if (hasher.sizeBytes > sizeBytes) return 'bad';
      }
      const isWhole = hasher.sizeBytes === sizeBytes;
      return isWhole && hasher.digests().canonicalDigest === digest ? 'good' : 'bad';
    });
  }

  async has(blob: WantedBlob, signal: AbortSignal): Promise<boolean> {
    return this.#ask('HEAD', blobDataKey(blob.digest), {}, signal, async ({ statusCode, headers, body }) => {
      await skip(body);
      if (statusCode === 200) return Number(headers['content-length']) === blob.sizeBytes;
      if (isAbsence(statusCode)) return false;
      throw new Error(`HEAD was answered with ${statusCode}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Sends a request and reads its answer, within the time that its bytes may take. */
  async #ask<T>(
    method: string,
    path: string,
    { headers, body, sizeBytes = 0 }: Asked,
    signal: AbortSignal,
    read: (response: Dispatcher.ResponseData, method: string) => Promise<T>,
  ): Promise<T> {
    const limitMs = Math.min(this.#patienceMs + sizeBytes / LEAST_BYTES_PER_MS, LIMIT_MAX_MS);
    const limit = AbortSignal.timeout(Math.ceil(limitMs));
    try {
      const response = await request(`${this.#url}/${path}`, {
        headersTimeout: this.#patienceMs,
        bodyTimeout: this.#patienceMs,
        ...(this.#dispatcher && { dispatcher: this.#dispatcher }),
        // undici's type knows no WebDAV; its parser does.
        method: method as Dispatcher.HttpMethod,
        headers: { ...this.#headers, ...headers },
        signal: AbortSignal.any([signal, limit]),
        ...(body && { body }),
      });
      return await read(response, method);
    } catch (error) {
      signal.throwIfAborted();
      if (!limit.aborted) throw error;
      throw new Error(`${method} was not over within ${Math.ceil(limitMs / 1000)} s: the mirror is too slow`);
    }
  }
}

interface Asked {
  readonly headers?: Record<string, string>;
  readonly body?: Readable;
  /** Of a blob that is sent or answered. */
  readonly sizeBytes?: number;
}

/** Not found, or bounced to the origin, which means the same. */
function isAbsence(status: number): boolean {
  return status === 404 || status === 410 || (status >= 300 && status < 400);
}

async function settle({ statusCode, body }: Dispatcher.ResponseData, method: string): Promise<void> {
  await skip(body);
  if (statusCode < 200 || statusCode > 299) throw new Error(`${method} was answered with ${statusCode}`);
}

function skip(body: Dispatcher.ResponseData['body']): Promise<void> {
  return body.dump({ limit: UNNEEDED_MAX_BYTES });
}

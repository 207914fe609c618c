import { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import { Deadline } from '../../mirrors/deadline.ts';
import { failureWords } from '../../mirrors/failure-words.ts';
import type { WantedBlob } from './target.ts';
import { SourceError, watchedBody } from './webdav-body.ts';
import { refusalOf } from './webdav-refusal.ts';
import { WriteRefused } from './write-refused.ts';

export interface WebdavOptions {
  /** Base URL for writes, without trailing slash. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Makes the connections, if the server requests a client certificate or has a private one. */
  readonly dispatcher?: Dispatcher | undefined;
  /** How long a mirror may be silent, or take no byte of an upload. @default 30_000 */
  readonly patienceMs?: number | undefined;
  /** How long it may take to answer after the last byte. @default by size, 2 to 10 min */
  readonly answerMs?: number | undefined;
}

/** A request about a blob, if it is about one. */
export interface WebdavRequest {
  readonly headers?: Record<string, string>;
  readonly blob?: WantedBlob;
  /** The mirror recently took other blobs. */
  readonly takesBlobs?: boolean;
  /** How long the answer may take. @default `patienceMs` */
  readonly limitMs?: number;
}

const PATIENCE_MS = 30_000;
/**
 * The answer to an upload may wait for a copy of the whole blob, if the mirror's place for uploads is on another disk: 3 GB
 * at 5 MB/s take ten minutes.
 */
const ANSWER_MS = { least: 120_000, most: 600_000, bytesPerMs: 5000 } as const;
/** Read of an answer that nobody needs, to use the connection again; the rest is cut off. */
const UNNEEDED_MAX_BYTES = 16 * 1024;

/** Sends WebDAV requests to one mirror, each within its deadlines. Every failure is a {@link WriteRefused}. */
export class WebdavClient {
  readonly #options: WebdavOptions;
  readonly #headers: Record<string, string>;
  readonly #patienceMs: number;

  constructor(options: WebdavOptions) {
    const { username = '', password, patienceMs = PATIENCE_MS } = options;
    this.#options = options;
    this.#patienceMs = patienceMs;
    this.#headers =
      password === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }

  /** Sends a blob's bytes. Throws what `body` throws as it is. */
  async put(
    path: string,
    blob: WantedBlob,
    body: AsyncIterable<Buffer>,
    signal: AbortSignal,
    takesBlobs: boolean,
  ): Promise<void> {
    using deadline = new Deadline(signal);
    const limits = { patienceMs: this.#patienceMs, answerMs: this.answerMs(blob) };
    // No more than a piece is read ahead: what was read counts as taken by the mirror.
    const stream = Readable.from(watchedBody(body, deadline, limits), {
      ...{ objectMode: false, highWaterMark: 1 },
    });
    deadline.expect(this.#patienceMs, `PUT: no connection within ${this.#patienceMs / 1000} s`);
    const headers = { 'content-length': String(blob.sizeBytes) };
    try {
      await this.#settle('PUT', path, { headers, blob, takesBlobs }, deadline, stream);
    } finally {
      stream.destroy();
    }
  }

  /** Sends a request without a body. */
  async order(method: string, path: string, asked: WebdavRequest, signal: AbortSignal): Promise<void> {
    const { limitMs = this.#patienceMs } = asked;
    using deadline = new Deadline(signal);
    deadline.expect(limitMs, `${method}: no answer within ${limitMs / 1000} s`);
    await this.#settle(method, path, asked, deadline);
  }

  /** Deletes a file or a folder, if it exists. */
  async delete(path: string, signal: AbortSignal): Promise<void> {
    await this.order('DELETE', path, {}, signal).catch((error: unknown) => {
      if (!(error instanceof WriteRefused && error.status === 404)) throw error;
    });
  }

  /** How long the mirror may take to answer when it has all of a blob. */
  answerMs({ sizeBytes }: WantedBlob): number {
    const { least, most, bytesPerMs } = ANSWER_MS;
    return this.#options.answerMs ?? Math.min(most, least + Math.ceil(sizeBytes / bytesPerMs));
  }

  /** Sends a request. The deadlines are the caller's. */
  #request(
    method: string,
    path: string,
    {
      headers = {},
      body,
      signal,
    }: { headers?: Record<string, string>; body?: Readable; signal: AbortSignal },
  ): Promise<Dispatcher.ResponseData> {
    const { url, dispatcher } = this.#options;
    return request(`${url}/${path}`, {
      ...{ headersTimeout: 0, bodyTimeout: 0, signal },
      ...(dispatcher && { dispatcher }),
      // undici's type knows no WebDAV; its parser does.
      method: method as Dispatcher.HttpMethod,
      headers: { ...this.#headers, ...headers },
      ...(body && { body }),
    });
  }

  async #settle(
    method: string,
    path: string,
    { headers = {}, blob, takesBlobs = false }: WebdavRequest,
    deadline: Deadline,
    body?: Readable,
  ): Promise<void> {
    const { signal } = deadline;
    const response = await this.#request(method, path, { headers, signal, ...(body && { body }) }).catch(
      (error: unknown) => {
        if (error instanceof SourceError) throw error.cause;
        if (deadline.hasPassed) throw new WriteRefused(signal.reason.message, { kind: 'mirror' });
        signal.throwIfAborted();
        throw new WriteRefused(`${method}: ${failureWords(error)}`, { kind: 'mirror', cause: error });
      },
    );
    deadline.pause();
    // The status is the answer: a body that breaks off changes nothing.
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#patienceMs)]);
    await response.body.dump({ limit: UNNEEDED_MAX_BYTES, signal: limit }).catch(() => undefined);
    if (response.statusCode < 200 || response.statusCode > 299)
      throw refusalOf(method, response, blob, takesBlobs);
  }
}

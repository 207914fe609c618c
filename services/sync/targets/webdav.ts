import { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import { digestOfStream, hexOf } from '../../registry/oci/digest.ts';
import { blobDataKey } from '../../registry/storage/layout.ts';
import type { MirrorTarget, WantedBlob } from './target.ts';

export interface WebdavOptions {
  /** Base URL for writes, without trailing slash. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Makes the connections, if the server requests a client certificate or has a private one. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** A mirror that sends nothing for this long counts as dead. */
const PATIENCE = { headersTimeout: 30_000, bodyTimeout: 30_000 } as const;

/**
 * A mirror that accepts WebDAV writes, such as nginx with its dav module (`infra/mirror/nginx.conf`): PUT to a temporary
 * name, then MOVE, which is rename(2) there, so that a blob becomes visible atomically.
 */
export class WebdavTarget implements MirrorTarget {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #dispatcher: Dispatcher | undefined;

  constructor({ url, username = '', password, dispatcher }: WebdavOptions) {
    this.#url = url;
    this.#dispatcher = dispatcher;
    this.#headers =
      password === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }

  async write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    // The same name for each attempt: what a failed one left behind is replaced, not added to.
    const temporary = `.incoming/${hexOf(blob.digest)}`;
    const put = await this.#request('PUT', temporary, signal, {
      headers: { 'content-length': String(blob.sizeBytes) },
      body: Readable.from(body, { objectMode: false }),
    });
    await settle(put, 'PUT');
    const path = new URL(`${this.#url}/${blobDataKey(blob.digest)}`).pathname;
    const move = await this.#request('MOVE', temporary, signal, {
      headers: { destination: path, overwrite: 'T' },
    });
    await settle(move, 'MOVE');
  }

  async verify(blob: WantedBlob, signal: AbortSignal): Promise<'good' | 'bad' | 'absent'> {
    const response = await this.#request('GET', blobDataKey(blob.digest), signal);
    if (response.statusCode !== 200) {
      await response.body.dump();
      if (isAbsence(response.statusCode)) return 'absent';
      throw new Error(`GET was answered with ${response.statusCode}`);
    }
    const { digest, sizeBytes } = await digestOfStream(response.body);
    return digest === blob.digest && sizeBytes === blob.sizeBytes ? 'good' : 'bad';
  }

  async has(blob: WantedBlob, signal: AbortSignal): Promise<boolean> {
    const response = await this.#request('HEAD', blobDataKey(blob.digest), signal);
    await response.body.dump();
    if (response.statusCode === 200) return Number(response.headers['content-length']) === blob.sizeBytes;
    if (isAbsence(response.statusCode)) return false;
    throw new Error(`HEAD was answered with ${response.statusCode}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #request(
    method: string,
    path: string,
    signal: AbortSignal,
    options: { headers?: Record<string, string>; body?: Readable } = {},
  ): Promise<Dispatcher.ResponseData> {
    const { headers, body } = options;
    return request(`${this.#url}/${path}`, {
      ...PATIENCE,
      ...(this.#dispatcher && { dispatcher: this.#dispatcher }),
      // undici's type knows no WebDAV; its parser does.
      method: method as Dispatcher.HttpMethod,
      headers: { ...this.#headers, ...headers },
      signal,
      ...(body && { body }),
    });
  }
}

/** Not found, or bounced to the origin, which means the same. */
function isAbsence(status: number): boolean {
  return status === 404 || status === 410 || (status >= 300 && status < 400);
}

async function settle(response: Dispatcher.ResponseData, method: string): Promise<void> {
  await response.body.dump();
  if (response.statusCode < 200 || response.statusCode > 299)
    throw new Error(`${method} was answered with ${response.statusCode}`);
}

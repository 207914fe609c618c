import { sha256 } from '../support/digest.ts';
import type { Content } from '../support/image.ts';
import type { Client } from './client.ts';

const OCTETS = { 'content-type': 'application/octet-stream' } as const;

/** The three ways in which clients push a blob. */
export type UploadStyle = 'at once' | 'patch' | 'chunks';

/** An upload whose beginning was acknowledged. */
export interface OpenUpload {
  readonly repository: string;
  readonly location: string;
  readonly content: Content;
  /** Bytes whose receipt was acknowledged. */
  acknowledgedBytes: number;
  /** Whether the closing PUT was sent. */
  closing: boolean;
}

/** How many bytes the registry says an upload has; 0-0 stands for none. */
export function keptBytes(range: string | undefined): number {
  const last = Number(/^0-(\d+)$/.exec(range ?? '')?.[1]);
  return last === 0 ? 0 : last + 1;
}

/** Pushes blobs, and remembers which uploads are open. */
export class Uploader {
  readonly open = new Set<OpenUpload>();
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async push(repository: string, content: Content, style: UploadStyle): Promise<void> {
    const begun = await this.#client.expect(202, 'POST', `/v2/${repository}/blobs/uploads/`);
    const location = begun.header('location') ?? '';
    const upload: OpenUpload = { repository, location, content, acknowledgedBytes: 0, closing: false };
    this.open.add(upload);
    const { bytes } = content;
    const middle = bytes.length >>> 1;
    if (style === 'patch') await this.#append(upload, bytes);
    if (style === 'chunks') {
      await this.#append(upload, bytes.subarray(0, middle));
      await this.#append(upload, bytes.subarray(middle));
    }
    await this.#close(upload, style === 'at once' ? bytes : Buffer.alloc(0));
    this.open.delete(upload);
  }

  /** Finishes an upload that a crash interrupted, as a client that resumes does. */
  async resume(upload: OpenUpload): Promise<void> {
    const { location, content, repository } = upload;
    const asked = await this.#client.expect([204, 404], 'GET', location);
    if (asked.status === 404) {
      if (!upload.closing) throw new Error(`the open upload ${location} has vanished`);
      await this.#client.expect(200, 'HEAD', `/v2/${repository}/blobs/${content.digest}`);
      return;
    }
    const kept = keptBytes(asked.header('range'));
    if (kept < upload.acknowledgedBytes || kept > content.bytes.length)
      throw new Error(`${location} kept ${kept} bytes of ${upload.acknowledgedBytes} acknowledged ones`);
    upload.acknowledgedBytes = kept;
    if (kept < content.bytes.length) await this.#append(upload, content.bytes.subarray(kept));
    await this.#close(upload, Buffer.alloc(0));
    const pulled = await this.#client.expect(200, 'GET', `/v2/${repository}/blobs/${content.digest}`);
    if (sha256(pulled.body) !== content.digest) throw new Error(`${location} became other bytes`);
  }

  async #append(upload: OpenUpload, bytes: Buffer): Promise<void> {
    const first = upload.acknowledgedBytes;
    const range = `${first}-${first + bytes.length - 1}`;
    await this.#client.expect(202, 'PATCH', upload.location, {
      headers: { ...OCTETS, 'content-range': range },
      body: bytes,
    });
    upload.acknowledgedBytes += bytes.length;
  }

  async #close(upload: OpenUpload, rest: Buffer): Promise<void> {
    upload.closing = true;
    await this.#client.expect(201, 'PUT', `${upload.location}?digest=${upload.content.digest}`, {
      headers: OCTETS,
      body: rest,
    });
  }
}

import { Readable } from 'node:stream';
import { digestOf, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import type { OpenBlob } from '../../services/sync/transfer/store-bytes.ts';
import { newBytes } from '../support/bytes.ts';

/** A blob and its bytes. */
export interface MadeBlob {
  readonly digest: Sha256Digest;
  readonly sizeBytes: number;
  readonly bytes: Buffer;
}

/** A blob that no store has. */
export function makeBlob(sizeBytes: number): MadeBlob {
  const bytes = newBytes(sizeBytes);
  return { digest: digestOf(bytes), sizeBytes, bytes };
}

/** A store of blobs that counts what is read of it, and fails on demand. */
export class CountedStore {
  readonly #blobs: ReadonlyMap<Sha256Digest, MadeBlob>;
  /** Each read: `all`, or the first byte of a range. */
  readonly opened: ('all' | number)[] = [];
  readBytes = 0;
  /** Streams that have neither ended nor been destroyed. */
  readonly streams = new Set<Readable>();
  /** Called before each chunk, with the position of its first byte; may wait or throw. */
  beforeChunk: (at: number) => Promise<void> | void = () => undefined;

  constructor(blobs: readonly MadeBlob[]) {
    this.#blobs = new Map(blobs.map((blob) => [blob.digest, blob]));
  }

  readonly open: OpenBlob = async (digest, _signal, range) => {
    const blob = this.#blobs.get(digest);
    if (blob === undefined) return undefined;
    this.opened.push(range?.first ?? 'all');
    const body = Readable.from(this.#chunks(blob.bytes, range?.first ?? 0), { objectMode: false });
    this.streams.add(body);
    body.once('close', () => this.streams.delete(body));
    return { body };
  };

  async *#chunks(bytes: Buffer, first: number): AsyncGenerator<Buffer> {
    for (let at = first; at < bytes.length; at += 64 * 1024) {
      await this.beforeChunk(at);
      const chunk = bytes.subarray(at, at + 64 * 1024);
      this.readBytes += chunk.length;
      yield chunk;
    }
  }
}

/** All bytes of a body. */
export async function bytesFrom(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

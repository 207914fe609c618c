import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { type ByteRange, StoreUnavailableError } from '../../registry/storage/object-store.ts';
import type { BodyReader, Passed } from './body.ts';
import type { SwiftClient } from './client.ts';
import { deleteObjects } from './delete.ts';
import type { Segment } from './manifest.ts';
import { putWhole } from './put.ts';

/** A body that stalls for this long ends its segment: Swift itself waits 60 seconds (`client_timeout`). */
const STALL_MS = 15_000;
/** Time limit of a server-side copy of the largest size that we request. */
const COPY_TIMEOUT_MS = 10 * 60_000;
/** Copies larger than this would outlast their time limit on a slow cluster. */
const COPY_BYTES = 256 * 1024 * 1024;
/** Time limit for cleaning up after a failure; removeLeftovers finds the rest. */
const DISCARD_TIMEOUT_MS = 10_000;

const BINARY = { 'content-type': 'application/octet-stream' } as const;

/** A part of an object, valid as long as its ETag is this. */
export interface Part {
  readonly name: string;
  readonly etag: string;
  readonly range: ByteRange;
}

/**
 * The segments that one write makes, under unique names. Until a manifest names them they belong to no object, and
 * `discard` deletes them.
 */
export class SegmentGroup {
  readonly #client: SwiftClient;
  readonly #prefix: string;
  readonly #names: string[] = [];
  #mayBeUsed = false;

  constructor(client: SwiftClient) {
    this.#client = client;
    this.#prefix = `${client.names.ownSegments}${randomUUID()}/`;
  }

  /** A name in this group, for a segment or for a manifest below the manifest. */
  newName(): string {
    const name = this.#prefix + String(this.#names.length + 1).padStart(8, '0');
    this.#names.push(name);
    return name;
  }

  /** Streams the next bytes of a body into a segment. */
  async stream(body: BodyReader, sizeBytes: number, signal: AbortSignal | undefined): Promise<Segment> {
    const name = this.newName();
    let passed: Passed | undefined;
    const piece = body.piece(sizeBytes, STALL_MS, (all) => {
      passed = all;
    });
    const response = await this.#client
      .stream({
        method: 'PUT',
        name,
        headers: BINARY,
        body: Readable.from(piece, { objectMode: false }),
        expects: [201],
        signal,
      })
      .catch((error: unknown) => {
        body.throwIfFailed();
        throw error;
      });
    body.throwIfFailed();
    if (passed === undefined || response.header('etag') !== passed.md5)
      throw new StoreUnavailableError('Swift stored other bytes than were sent');
    return { name, sizeBytes: passed.sizeBytes, etag: passed.md5, modifiedAt: new Date() };
  }

  /** Writes bytes in memory as a segment. */
  async put(bytes: Buffer, signal: AbortSignal | undefined): Promise<Segment> {
    const name = this.newName();
    const etag = await putWhole(this.#client, name, bytes, signal);
    return { name, sizeBytes: bytes.length, etag, modifiedAt: new Date() };
  }

  /** Lets Swift copy an object, or a part of it, into segments, if it is unchanged. */
  async copy(source: Part, signal: AbortSignal | undefined): Promise<Segment[]> {
    const segments: Segment[] = [];
    for (let { first } = source.range; first <= source.range.last; first += COPY_BYTES) {
      const last = Math.min(first + COPY_BYTES - 1, source.range.last);
      const name = this.newName();
      const etag = await copyObject(this.#client, { ...source, range: { first, last } }, name, signal);
      segments.push({ name, sizeBytes: last - first + 1, etag, modifiedAt: new Date() });
    }
    return segments;
  }

  /** To be called before a manifest may name the segments: from then on, only removeLeftovers may delete them. */
  keep(): void {
    this.#mayBeUsed = true;
  }

  /** Deletes what was written, as far as possible now, unless it may be in use. */
  async discard(): Promise<void> {
    if (this.#mayBeUsed) return;
    const signal = AbortSignal.timeout(DISCARD_TIMEOUT_MS);
    await deleteObjects(this.#client, this.#names, signal).catch(() => undefined);
  }
}

/** Lets Swift copy an object, or a part of it; returns the copy's ETag. Throws SwiftError 404 or 412. */
export async function copyObject(
  client: SwiftClient,
  source: { readonly name: string; readonly etag: string; readonly range?: ByteRange },
  target: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { name, etag, range } = source;
  const response = await client.ask({
    method: 'PUT',
    name: target,
    headers: {
      ...BINARY,
      'x-copy-from': client.names.path(name),
      // Otherwise the source's metadata, such as its expiry, would be copied, too.
      'x-fresh-metadata': 'true',
      'if-match': quoted(etag),
      ...(range && { range: `bytes=${range.first}-${range.last}` }),
    },
    body: Buffer.alloc(0),
    expects: [201],
    signal,
    headersTimeoutMs: COPY_TIMEOUT_MS,
  });
  return (response.header('etag') ?? '').replaceAll('"', '');
}

/** An ETag in the form that requests need, whether it comes from a header or from a manifest. */
export function quoted(etag: string): string {
  return `"${etag.replaceAll('"', '')}"`;
}

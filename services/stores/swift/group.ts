import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { type ByteRange, StoreUnavailableError } from '../../registry/storage/object-store.ts';
import type { BodyReader, Passed } from './body.ts';
import type { SwiftClient } from './client.ts';
import { deleteObjects } from './delete.ts';
import type { Capabilities } from './info.ts';
import type { Segment } from './manifest.ts';
import { putWhole } from './put.ts';

/** A body that rests for so long ends its segment: Swift itself waits 60 seconds (`client_timeout`). */
const STALL_MS = 15_000;
/** A server-side copy of as much as we ask for at once. */
const COPY_TIMEOUT_MS = 10 * 60_000;
/** Copies larger than this would outlast their time limit on a slow cluster. */
const COPY_BYTES = 256 * 1024 * 1024;
/** To clear away what failed; what remains then is found by removeLeftovers. */
const DISCARD_TIMEOUT_MS = 10_000;

const BINARY = { 'content-type': 'application/octet-stream' } as const;

/** A part of an object, as long as its ETag is this. */
export interface Part {
  readonly name: string;
  readonly etag: string;
  readonly range: ByteRange;
}

/**
 * The segments that one write makes, under names that no other write has. Until a manifest names them they are
 * nothing's, and `discard` takes them away.
 */
export class SegmentGroup {
  readonly #client: SwiftClient;
  readonly #capabilities: Capabilities;
  readonly #prefix: string;
  readonly #names: string[] = [];
  #mayBeUsed = false;

  constructor(client: SwiftClient, capabilities: Capabilities) {
    this.#client = client;
    this.#capabilities = capabilities;
    this.#prefix = `${client.names.ownSegments}${randomUUID()}/`;
  }

  /** A name in this group, for a segment or for a manifest within the manifest. */
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
      throw new StoreUnavailableError('Swift has stored other bytes than were sent');
    return { name, sizeBytes: passed.sizeBytes, etag: passed.md5, modifiedAt: new Date() };
  }

  /** Writes bytes in memory as a segment. */
  async put(bytes: Buffer, signal: AbortSignal | undefined): Promise<Segment> {
    const name = this.newName();
    const etag = await putWhole(this.#client, name, bytes, signal);
    return { name, sizeBytes: bytes.length, etag, modifiedAt: new Date() };
  }

  /** Has Swift copy an object, or a part of it, if it still is what it was, into segments. */
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

  /** From now on a manifest may name the segments, whatever is heard of it: only removeLeftovers may find out. */
  keep(): void {
    this.#mayBeUsed = true;
  }

  /** Takes away what was written, as far as that can be done now, unless it may be used. */
  async discard(): Promise<void> {
    if (this.#mayBeUsed) return;
    const signal = AbortSignal.timeout(DISCARD_TIMEOUT_MS);
    await deleteObjects(this.#client, this.#capabilities, this.#names, signal).catch(() => undefined);
  }
}

/** Has Swift copy an object, or a part of it; answers with the copy's ETag. Throws SwiftError 404 or 412. */
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
      // Or the source's own metadata, such as a time to delete it at, would come with it.
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

/** An ETag as requests need it, whether it came from a header or from a manifest. */
export function quoted(etag: string): string {
  return `"${etag.replaceAll('"', '')}"`;
}

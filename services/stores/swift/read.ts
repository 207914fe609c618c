import {
  type ByteRange,
  ObjectTooLargeError,
  StoreUnavailableError,
} from '../../registry/storage/object-store.ts';
import type { Reading } from '../reading.ts';
import type { SwiftClient } from './client.ts';
import { translate } from './errors.ts';
import { type Part, quoted } from './group.ts';
import { headOf, isUnsettled, NEWEST, twice, whenSettled } from './head.ts';
import type { WireResponse } from './wire.ts';

/**
 * Begins to read an object, from the replica that answers first: objects read in this way (blobs, parts of uploads) never
 * change. If none has it, the newest replica is asked before the object counts as missing.
 */
export async function startReading(
  client: SwiftClient,
  name: string,
  range: ByteRange | undefined,
  signal?: AbortSignal,
): Promise<Reading | undefined> {
  const open = (newest: boolean) =>
    client.call(
      {
        method: 'GET',
        name,
        headers: { ...rangeHeader(range), ...(newest && NEWEST) },
        expects: [200, 206, 404],
        signal,
        isStream: true,
      },
      async (response) => {
        if (response.status === 404) {
          await response.body.dump();
          return undefined;
        }
        const head = headOf(response);
        if (range && response.status !== 206 && head.sizeBytes > range.last - range.first + 1) {
          response.abandon();
          throw new StoreUnavailableError('Swift answered a range with the whole object');
        }
        if (isUnsettled(head)) await response.body.dump();
        return { head, body: response.body };
      },
    );
  const opened = await whenSettled(
    async () => (await open(false)) ?? (await open(true)),
    (found) => found === undefined || !isUnsettled(found.head),
    signal,
  );
  if (opened === undefined) return undefined;
  const { head, body } = opened;
  // An error before anybody listens is kept for the reader, and must not end the process.
  body.on('error', () => undefined);
  const { sizeBytes, modifiedAt } = head;
  return { sizeBytes, modifiedAt, chunks: chunksOf(body, signal), abandon: () => void body.destroy() };
}

async function* chunksOf(
  body: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error);
  }
}

function rangeHeader(range: ByteRange | undefined): Record<string, string> {
  return range ? { range: `bytes=${range.first}-${range.last}` } : {};
}

/** A whole small object, from its newest replica. */
export function readWhole(
  client: SwiftClient,
  name: string,
  limitBytes: number,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  return whenSettled(
    () => twice(() => readOnce(client, name, limitBytes, signal)),
    (found) => found !== 'unsettled',
    signal,
  ).then((found) => (found === 'unsettled' ? Buffer.alloc(0) : found));
}

function readOnce(client: SwiftClient, name: string, limitBytes: number, signal?: AbortSignal) {
  return client.call(
    { method: 'GET', name, headers: NEWEST, expects: [200, 404], signal },
    async (response) => {
      if (response.status === 404) {
        await response.body.dump();
        return undefined;
      }
      const head = headOf(response);
      if (isUnsettled(head)) {
        await response.body.dump();
        return 'unsettled';
      }
      if (head.sizeBytes <= limitBytes) return bufferOf(response, head.sizeBytes);
      response.abandon();
      throw new ObjectTooLargeError(name, head.sizeBytes, limitBytes);
    },
  );
}

async function bufferOf(response: WireResponse, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.from(await response.body.arrayBuffer());
  if (bytes.length !== sizeBytes)
    throw new StoreUnavailableError('Swift sent another number of bytes than it promised');
  return bytes;
}

/** A part of an object, in memory; throws SwiftError 412 if the object has changed. */
export function readPart(
  client: SwiftClient,
  { name, range, etag }: Part,
  signal?: AbortSignal,
): Promise<Buffer> {
  return client.call(
    {
      method: 'GET',
      name,
      headers: { ...rangeHeader(range), 'if-match': quoted(etag) },
      expects: [200, 206],
      signal,
    },
    (response) => bufferOf(response, range.last - range.first + 1),
  );
}

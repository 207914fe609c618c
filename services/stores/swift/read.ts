import type { Writable } from 'node:stream';
import type { ByteRange, ObjectRead } from '../../registry/object-store.ts';
import type { SwiftClient } from './client.ts';
import { type Part, quoted } from './group.ts';
import { headOf, isUnsettled, NEWEST, twice, whenSettled } from './head.ts';
import type { WireResponse } from './wire.ts';

/**
 * A stream of an object, from whichever replica answers first: what is read so (blobs, parts of uploads) never changes
 * under its name. Where none has it, the newest is asked for before that is believed.
 */
export async function get(
  client: SwiftClient,
  name: string,
  range: ByteRange | undefined,
  signal?: AbortSignal,
): Promise<ObjectRead | undefined> {
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
          throw new Error('Swift answered a range with the whole object');
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
  // An error before anybody listens is told to who reads, and must not end the process.
  body.on('error', () => undefined);
  return { sizeBytes: head.sizeBytes, modifiedAt: head.modifiedAt, body };
}

function rangeHeader(range: ByteRange | undefined): Record<string, string> {
  return range ? { range: `bytes=${range.first}-${range.last}` } : {};
}

/** A small object whole, of its newest replica. */
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
      throw new Error(`${name} has ${head.sizeBytes} bytes, more than ${limitBytes}`);
    },
  );
}

async function bufferOf(response: WireResponse, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.from(await response.body.arrayBuffer());
  if (bytes.length !== sizeBytes) throw new Error('Swift sent another number of bytes than it promised');
  return bytes;
}

/** A part of an object, in memory, if it still is what it was: throws SwiftError 412 if not. */
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

/** Writes a body to a stream without ending it; rejects when the stream closes before the last byte. */
export async function sendTo(body: ObjectRead['body'], sink: Writable): Promise<void> {
  const { promise: closed, reject } = Promise.withResolvers<never>();
  // Most downloads end well, and then nobody asks.
  closed.catch(() => undefined);
  const onClose = () => {
    reject(sink.errored ?? new ClosedError());
    body.destroy();
  };
  sink.once('close', onClose);
  try {
    if (sink.destroyed) throw sink.errored ?? new ClosedError();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const written = new Promise<void>((resolve, refuse) => {
        sink.write(chunk, (error) => (error ? refuse(error) : resolve()));
      });
      await Promise.race([written, closed]);
    }
    if (sink.destroyed) throw sink.errored ?? new ClosedError();
  } finally {
    sink.off('close', onClose);
    body.destroy();
  }
}

/** The far end went away. */
class ClosedError extends Error {
  readonly code = 'ERR_STREAM_PREMATURE_CLOSE';

  constructor() {
    super('the stream closed before its end');
  }
}

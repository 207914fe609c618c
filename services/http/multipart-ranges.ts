import type { Writable } from 'node:stream';
import type { ByteRange } from '../registry/storage/object-store.ts';

/** A range, and the text that comes before its bytes. */
interface Part {
  readonly range: ByteRange;
  readonly head: string;
}

/** A body of several ranges, `multipart/byteranges` (RFC 9110, section 14.6): its headers and its parts. */
export interface MultipartRanges {
  readonly contentType: string;
  readonly lengthBytes: number;
  readonly parts: readonly Part[];
  /** What comes after the last part. */
  readonly tail: string;
}

/**
 * Lays out the answer to a request for several ranges of a body: one part for each range, in their order. The boundary is
 * random, so that no content can be made to contain it.
 */
export function layOutRanges(
  ranges: readonly ByteRange[],
  body: { readonly sizeBytes: number; readonly contentType: string },
  boundary: string = crypto.randomUUID(),
): MultipartRanges {
  const parts = ranges.map((range, i) => ({
    range,
    head:
      `${i === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${body.contentType}\r\n` +
      `Content-Range: bytes ${range.first}-${range.last}/${body.sizeBytes}\r\n\r\n`,
  }));
  const tail = `\r\n--${boundary}--\r\n`;
  // All ASCII: one byte a character.
  const partBytes = parts.map(({ range, head }) => head.length + range.last - range.first + 1);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    lengthBytes: partBytes.reduce((sum, bytes) => sum + bytes, tail.length),
    ...{ parts, tail },
  };
}

/**
 * Writes such a body without ending the stream, part after part, at the cost in memory and open files of one range.
 * `send` has to reject when the stream closes; nothing more is read then.
 */
export async function sendRanges(
  { parts, tail }: MultipartRanges,
  sink: Writable,
  send: (range: ByteRange, sink: Writable) => Promise<void>,
): Promise<void> {
  for (const { range, head } of parts) {
    write(sink, head);
    await send(range, sink);
  }
  write(sink, tail);
}

function write(sink: Writable, text: string): void {
  if (sink.destroyed) throw sink.errored ?? new ClosedByClientError();
  sink.write(text);
}

/** The client left between two parts; has Node's code for streams that end early. */
class ClosedByClientError extends Error {
  readonly code = 'ERR_STREAM_PREMATURE_CLOSE';
}

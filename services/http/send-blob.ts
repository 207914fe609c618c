import type { Writable } from 'node:stream';
import type { Digest } from '../registry/oci/digest.ts';
import type { ByteRange } from '../registry/storage/object-store.ts';
import { allowCaching } from './caching.ts';
import type { Context } from './context.ts';
import { layOutRanges, sendRanges } from './multipart-ranges.ts';
import { parseRanges } from './range.ts';

/** Only manifests know a blob's media type. */
const CONTENT_TYPE = 'application/octet-stream';

export interface BlobToSend {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Whether anyone may have it; otherwise shared caches may not keep it. */
  readonly isPublic: boolean;
  /** The bytes, when they are already in memory. */
  readonly bytes: Buffer | undefined;
  /** Writes the bytes, or a range of them, without ending the stream. */
  readonly send: (range: ByteRange | undefined, sink: Writable) => Promise<void>;
}

/**
 * Answers GET and HEAD of a blob: 200, 206 or 416 (RFC 9110, section 14), with its exact length. A HEAD has no ranges.
 * Several ranges come in one `multipart/byteranges`. A stream that fails closes the connection, so that the client cannot
 * take a part for the whole.
 */
export async function sendBlob(ctx: Context, blob: BlobToSend): Promise<void> {
  const { digest, sizeBytes } = blob;
  ctx.set('Docker-Content-Digest', digest);
  ctx.set('ETag', `"${digest}"`);
  ctx.set('Accept-Ranges', 'bytes');
  allowCaching(ctx, blob.isPublic ? 'everyone, for ever' : 'client, for ever');
  ctx.set('Content-Type', CONTENT_TYPE);
  const ranges = parseRanges(
    ctx.method === 'GET' ? ctx.get('range') : '',
    sizeBytes,
    ctx.get('if-range'),
    `"${digest}"`,
  );
  if (ranges === 'unsatisfiable') {
    ctx.remove('Content-Type');
    ctx.res.writeHead(416, { 'Content-Range': `bytes */${sizeBytes}`, 'Content-Length': 0 });
    ctx.res.end();
    ctx.respond = false;
    return;
  }
  if (ranges !== undefined && ranges.length > 1) return sendParts(ctx, blob, ranges);
  const [range] = ranges ?? [];
  const lengthBytes = range ? range.last - range.first + 1 : sizeBytes;
  if (range) ctx.set('Content-Range', `bytes ${range.first}-${range.last}/${sizeBytes}`);
  if (ctx.method === 'HEAD' || lengthBytes === 0) {
    ctx.res.writeHead(range ? 206 : 200, { 'Content-Length': lengthBytes });
    ctx.res.end();
    ctx.respond = false;
    return;
  }
  if (blob.bytes) {
    ctx.status = range ? 206 : 200;
    ctx.body = range ? blob.bytes.subarray(range.first, range.last + 1) : blob.bytes;
    return;
  }
  // The head is not written yet: if the bytes are missing, the answer can still be an error.
  ctx.respond = false;
  ctx.res.statusCode = range ? 206 : 200;
  ctx.res.setHeader('Content-Length', lengthBytes);
  await blob.send(range, ctx.res);
  ctx.res.end();
}

/** Answers with several ranges in one body. */
async function sendParts(ctx: Context, blob: BlobToSend, ranges: readonly ByteRange[]): Promise<void> {
  const { bytes, sizeBytes } = blob;
  const body = layOutRanges(ranges, { sizeBytes, contentType: CONTENT_TYPE });
  ctx.respond = false;
  ctx.res.writeHead(206, { 'Content-Type': body.contentType, 'Content-Length': body.lengthBytes });
  const send = async (range: ByteRange, sink: Writable) => {
    if (bytes === undefined) return blob.send(range, sink);
    sink.write(bytes.subarray(range.first, range.last + 1));
  };
  await sendRanges(body, ctx.res, send);
  ctx.res.end();
}

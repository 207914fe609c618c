import { Readable } from 'node:stream';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { Fence } from '../../registry/storage/fence.ts';
import { until } from '../until.ts';
import type { Bucket } from './bucket.ts';
import { type CutPart, cut } from './cut.ts';
import { WriteMark } from './mark.ts';
import { MultipartUpload } from './multipart.ts';
import { PARTS_MAX } from './options.ts';

/** Parts of one body that are sent at once; while they are, the next one is gathered. */
const PARTS_AT_ONCE = 2;

/**
 * Writes a body, completely or not at all. Rejects with the body's own error. The fence is asked before each attempt that
 * can make the object appear.
 */
export async function write(
  bucket: Bucket,
  bucketKey: string,
  body: Buffer | AsyncIterable<Buffer>,
  signal?: AbortSignal,
  fence?: Fence,
): Promise<void> {
  const { chunkSizeBytes } = bucket.settings;
  if (Buffer.isBuffer(body) && body.length <= chunkSizeBytes)
    return writeWhole(bucket, bucketKey, body, signal, fence);
  const chunks = Buffer.isBuffer(body) ? Readable.from(body) : body;
  const parts = cut(signal ? until(signal, chunks) : chunks, chunkSizeBytes);
  const { value: first } = await parts.next();
  if (first?.isLast !== false)
    return writeWhole(bucket, bucketKey, first?.bytes ?? Buffer.alloc(0), signal, fence);
  try {
    await MultipartUpload.run(
      bucket,
      bucketKey,
      (upload, either) => sendParts(upload, first, parts, either),
      signal,
      fence,
    );
  } finally {
    await parts.return();
  }
}

/** Writes an object with one request. */
export async function writeWhole(
  bucket: Bucket,
  bucketKey: string,
  bytes: Buffer,
  signal?: AbortSignal,
  fence?: Fence,
): Promise<void> {
  const mark = new WriteMark();
  const put = () => putObject(bucket, bucketKey, bytes, mark, {}, signal, fence);
  await mark.confirm(bucket, bucketKey, put, signal);
}

/** PutObject; `condition` holds its precondition headers. */
export async function putObject(
  bucket: Bucket,
  bucketKey: string,
  bytes: Buffer,
  mark: WriteMark,
  condition: { readonly IfNoneMatch?: '*' },
  signal?: AbortSignal,
  fence?: Fence,
): Promise<void> {
  const request = {
    ...{ Bucket: bucket.name, Key: bucketKey, Body: bytes, Metadata: mark.metadata },
    ...bucket.written,
    ...condition,
  };
  await bucket.send(new PutObjectCommand(request), signal, undefined, fence);
}

async function sendParts(
  upload: MultipartUpload,
  first: CutPart,
  rest: AsyncGenerator<CutPart, void, undefined>,
  signal: AbortSignal,
): Promise<void> {
  const sending = new Set<Promise<void>>();
  const send = async (partNumber: number, { bytes, release }: CutPart) => {
    if (sending.size >= PARTS_AT_ONCE) await Promise.race(sending);
    if (partNumber > PARTS_MAX)
      throw new Error(`S3: a body of more than ${PARTS_MAX} parts: expected a larger storage.s3.chunksize`);
    const sent = upload.upload(partNumber, bytes, signal).then(() => {
      sending.delete(sent);
      release();
    });
    // A failure is awaited in a later round; until then it must not count as unhandled.
    sent.catch(() => undefined);
    sending.add(sent);
  };
  let partNumber = 1;
  await send(partNumber, first);
  for await (const part of rest) await send(++partNumber, part);
  await Promise.all(sending);
}

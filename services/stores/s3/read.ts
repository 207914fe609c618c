import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { type ByteRange, StoreUnavailableError } from '../../registry/storage/object-store.ts';
import type { Reading } from '../reading.ts';
import type { Bucket } from './bucket.ts';

/** How often a broken-off body is resumed without receiving another byte. */
const RESUMES_MAX = 3;

/**
 * Begins to read an object, or a range of it; undefined if it does not exist. The signal also ends the chunks. Reading
 * resumes where the connection breaks, as long as the object is the same.
 */
export async function startReading(
  bucket: Bucket,
  bucketKey: string,
  range: ByteRange | undefined,
  given?: AbortSignal,
): Promise<Reading | undefined> {
  const abandoned = new AbortController();
  const signal = given ? AbortSignal.any([given, abandoned.signal]) : abandoned.signal;
  const open = (wanted: ByteRange | undefined, etag?: string) =>
    bucket.send(
      new GetObjectCommand({
        Bucket: bucket.name,
        Key: bucketKey,
        ...(wanted && { Range: `bytes=${wanted.first}-${wanted.last}` }),
        ...(etag && { IfMatch: etag }),
      }),
      signal,
    );
  const opened = await bucket.ifThere(() => open(range));
  if (opened === undefined) return undefined;
  const answer = opened;
  const sizeBytes = wholeSize(answer);
  const { first, last } = range ?? { first: 0, last: sizeBytes - 1 };
  const etag = answer.ETag;
  async function* chunks(): AsyncGenerator<Buffer, void, undefined> {
    let body = bodyOf(answer);
    let position = first;
    for (let resumes = 0; ; resumes++) {
      try {
        for await (const chunk of body) {
          resumes = 0;
          position += (chunk as Buffer).length;
          yield chunk as Buffer;
        }
        if (position === last + 1) return;
        throw new StoreUnavailableError(`S3: ${bucketKey} ended at byte ${position} of ${last + 1}`);
      } catch (error) {
        signal.throwIfAborted();
        if (etag === undefined || resumes === RESUMES_MAX || position > last)
          throw brokenOff(bucketKey, error);
      }
      body = bodyOf(await open({ first: position, last }, etag));
    }
  }
  return {
    sizeBytes,
    modifiedAt: answer.LastModified ?? new Date(0),
    chunks: chunks(),
    abandon: () => abandoned.abort(),
  };
}

/** Converts an error of a body, which is one of its connection. */
function brokenOff(bucketKey: string, error: unknown): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  return new StoreUnavailableError(`S3: ${bucketKey} broke off: ${String(error)}`, { cause: error });
}

function wholeSize({ ContentRange, ContentLength }: GetObjectCommandOutput): number {
  const total = ContentRange === undefined ? ContentLength : Number(ContentRange.split('/')[1]);
  if (total === undefined || !Number.isSafeInteger(total))
    throw new StoreUnavailableError('S3 answered without the size of an object');
  return total;
}

function bodyOf({ Body }: GetObjectCommandOutput): Readable {
  if (Body instanceof Readable) return Body;
  throw new StoreUnavailableError('S3 answered without a body');
}

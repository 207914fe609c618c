import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import type { Fence } from '../../registry/storage/fence.ts';
import { forEachSettled } from '../each.ts';
import type { Bucket } from './bucket.ts';
import { ifThere, isKeyCertain, S3Error } from './errors.ts';

/** The most that S3 deletes at once. */
const BATCH_MAX = 1000;
const BATCHES_AT_ONCE = 4;

/** Deletes objects; missing ones are not an error. */
export async function deleteObjects(
  bucket: Bucket,
  bucketKeys: readonly string[],
  signal?: AbortSignal,
  fence?: Fence,
): Promise<void> {
  const all = [...new Set(bucketKeys)];
  const [only] = all;
  if (only !== undefined && all.length === 1) return deleteOne(bucket, only, signal, fence);
  const batches: string[][] = [];
  for (let at = 0; at < all.length; at += BATCH_MAX) batches.push(all.slice(at, at + BATCH_MAX));
  await forEachSettled(batches, (batch) => deleteBatch(bucket, batch, signal, fence), {
    concurrency: BATCHES_AT_ONCE,
  });
}

async function deleteOne(
  bucket: Bucket,
  bucketKey: string,
  signal: AbortSignal | undefined,
  fence: Fence | undefined,
): Promise<void> {
  const request = { Bucket: bucket.name, Key: bucketKey };
  await ifThere(bucket.send(new DeleteObjectCommand(request), signal, undefined, fence));
}

async function deleteBatch(
  bucket: Bucket,
  batch: readonly string[],
  signal: AbortSignal | undefined,
  fence: Fence | undefined,
): Promise<void> {
  const request = {
    Bucket: bucket.name,
    Delete: { Quiet: true, Objects: batch.map((Key) => ({ Key })) },
  };
  const what = `of ${batch.length} objects`;
  const answer = await bucket.send(new DeleteObjectsCommand(request), signal, what, fence);
  const failed = (answer.Errors ?? []).filter(({ Code }) => Code !== 'NoSuchKey');
  const [first] = failed;
  if (first === undefined) return;
  if (failed.some(({ Code }) => !isKeyCertain(Code))) fence?.doubt();
  throw new S3Error(
    `DeleteObjects: ${failed.length} of ${batch.length} are not deleted, one is ${first.Key}`,
    {
      ...{ code: first.Code ?? 'UnknownError', status: undefined, attempts: 1 },
      text: first.Message ?? '',
    },
  );
}

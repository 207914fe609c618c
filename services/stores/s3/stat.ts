import { HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { ObjectStat } from '../../registry/storage/object-store.ts';
import type { Bucket } from './bucket.ts';

/** An object's head, or undefined where there is none. */
export function headObject(
  bucket: Bucket,
  bucketKey: string,
  signal?: AbortSignal,
): Promise<HeadObjectCommandOutput | undefined> {
  const request = { Bucket: bucket.name, Key: bucketKey };
  return bucket.ifThere(() => bucket.send(new HeadObjectCommand(request), signal));
}

/** Size and time of an object; undefined if it does not exist. */
export async function statObject(
  bucket: Bucket,
  bucketKey: string,
  signal?: AbortSignal,
): Promise<ObjectStat | undefined> {
  const head = await headObject(bucket, bucketKey, signal);
  return head && { sizeBytes: head.ContentLength ?? 0, modifiedAt: head.LastModified ?? new Date(0) };
}

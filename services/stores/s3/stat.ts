import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { ObjectStat } from '../../registry/storage/object-store.ts';
import type { Bucket } from './bucket.ts';

/** Size and time of an object; undefined if it does not exist. */
export async function statObject(
  bucket: Bucket,
  bucketKey: string,
  signal?: AbortSignal,
): Promise<ObjectStat | undefined> {
  const request = { Bucket: bucket.name, Key: bucketKey };
  const head = await bucket.ifThere(() =>
    bucket.request(
      `HeadObject of ${bucketKey}`,
      (client, options) => client.send(new HeadObjectCommand(request), options),
      signal,
    ),
  );
  return head && { sizeBytes: head.ContentLength ?? 0, modifiedAt: head.LastModified ?? new Date(0) };
}

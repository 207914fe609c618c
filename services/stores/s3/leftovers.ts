import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type MultipartUpload,
} from '@aws-sdk/client-s3';
import pMap from 'p-map';
import type { Bucket } from './bucket.ts';
import { deleteObjects } from './delete.ts';
import { ifThere } from './errors.ts';
import { listObjects } from './list.ts';
import { PROBES_PREFIX } from './probe.ts';
import { statObject } from './stat.ts';

const ABORTS_AT_ONCE = 8;
/** Enough for probes: each start makes one, and deletes it. */
const PROBES_MAX = 1000;

/**
 * Aborts multipart uploads below our prefix that began before a time, and deletes the probes of interrupted starts.
 * Returns how many there were.
 */
export async function removeLeftovers(
  bucket: Bucket,
  olderThan: Date,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0;
  for await (const uploads of openUploads(bucket, signal)) {
    const old = uploads.filter(({ Initiated }) => Initiated && Initiated < olderThan);
    await pMap(old, (upload) => abort(bucket, upload, signal), { concurrency: ABORTS_AT_ONCE });
    removed += old.length;
  }
  return removed + (await deleteProbes(bucket, olderThan, signal));
}

/** All multipart uploads below our prefix, page by page. */
async function* openUploads(
  bucket: Bucket,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly MultipartUpload[]> {
  let after: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (after !== undefined) {
    const command = new ListMultipartUploadsCommand({
      ...{ Bucket: bucket.name, Prefix: bucket.prefix },
      ...after,
    });
    const page: ListMultipartUploadsCommandOutput = await bucket.send(command, signal, '');
    yield page.Uploads ?? [];
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
    const next = { ...(NextUploadIdMarker && { UploadIdMarker: NextUploadIdMarker }) };
    after = IsTruncated && NextKeyMarker ? { KeyMarker: NextKeyMarker, ...next } : undefined;
  }
}

async function abort(
  bucket: Bucket,
  { Key, UploadId }: MultipartUpload,
  signal: AbortSignal | undefined,
): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket.name, Key, UploadId });
  // It may have ended by itself.
  await ifThere(bucket.send(command, signal));
}

async function deleteProbes(bucket: Bucket, olderThan: Date, signal?: AbortSignal): Promise<number> {
  const { keys } = await listObjects(bucket, { prefix: PROBES_PREFIX, limit: PROBES_MAX }, signal);
  const old: string[] = [];
  for (const key of keys.map((each) => bucket.keyOf(each))) {
    const stat = await statObject(bucket, key, signal);
    if (stat && stat.modifiedAt < olderThan) old.push(key);
  }
  await deleteObjects(bucket, old, signal);
  return old.length;
}

import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type ListPartsCommandOutput,
  type MultipartUpload,
} from '@aws-sdk/client-s3';
import pMap from 'p-map';
import type { Bucket } from './bucket.ts';
import { deleteObjects } from './delete.ts';
import { ifThere } from './errors.ts';
import { listObjects } from './list.ts';
import { PROBES_PREFIX } from './probe.ts';
import { statObject } from './stat.ts';

const AT_ONCE = 8;
/** Enough for probes: each start makes one, and deletes it. */
const PROBES_MAX = 1000;

/**
 * Aborts multipart uploads below our prefix that have no part since a time, and deletes the probes of interrupted starts.
 * Returns how many there were.
 */
export async function removeLeftovers(
  bucket: Bucket,
  olderThan: Date,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0;
  for await (const uploads of openUploads(bucket, signal)) {
    const begunBefore = uploads.filter(({ Initiated }) => Initiated && Initiated < olderThan);
    const aborted = await pMap(begunBefore, (upload) => abortIfIdle(bucket, upload, olderThan, signal), {
      concurrency: AT_ONCE,
    });
    removed += aborted.filter(Boolean).length;
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

/** Not by its beginning: a large blob may be copied, or sent, for longer than the age. */
async function abortIfIdle(
  bucket: Bucket,
  { Key, UploadId }: MultipartUpload,
  olderThan: Date,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const which = { Bucket: bucket.name, Key, UploadId };
  let after: string | undefined;
  do {
    const command = new ListPartsCommand({ ...which, ...(after && { PartNumberMarker: after }) });
    const page: ListPartsCommandOutput | undefined = await ifThere(bucket.send(command, signal));
    // It has ended by itself.
    if (page === undefined) return false;
    if (page.Parts?.some(({ LastModified }) => LastModified && LastModified >= olderThan)) return false;
    after = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (after !== undefined);
  await ifThere(bucket.send(new AbortMultipartUploadCommand(which), signal));
  return true;
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

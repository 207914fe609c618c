import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ListPage, ListRequest } from '../../registry/object-store.ts';
import { isObjectKey } from '../object-key.ts';
import type { Bucket } from './bucket.ts';

/** The most that S3 lists at once. */
const PAGE_MAX = 1000;
/** After all keys of ours that begin alike: they are ASCII. */
const AFTER_ALL = '\u{10ffff}';

/** One page; asks on until it is full, for what is no key of ours is left out. */
export async function listObjects(
  bucket: Bucket,
  request: ListRequest,
  signal?: AbortSignal,
): Promise<ListPage> {
  const names: string[] = [];
  let startAfter = beyondFolded(request);
  for (;;) {
    const page = await listOnce(bucket, request, startAfter, request.limit - names.length, signal);
    names.push(...page.names.filter((name) => (request.startAfter ?? '') < name));
    if (page.last !== undefined && startAfter !== undefined && page.last <= startAfter)
      throw new Error('S3: ListObjectsV2 does not heed start-after: this server cannot be used');
    startAfter = page.last === undefined ? undefined : beyondFolded({ ...request, startAfter: page.last });
    const isFull = names.length >= request.limit;
    if (startAfter === undefined || isFull)
      return {
        keys: names.filter((name) => !name.endsWith('/')),
        prefixes: names.filter((name) => name.endsWith('/')),
        next: startAfter === undefined ? undefined : names.at(-1),
      };
  }
}

/** Names in order; `last` is the last one that was looked at, undefined when there are no more. */
async function listOnce(
  bucket: Bucket,
  { prefix, delimiter }: ListRequest,
  startAfter: string | undefined,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<{ names: string[]; last: string | undefined }> {
  const whole = bucket.keys.prefix + prefix;
  const answer = await bucket.request(
    `ListObjectsV2 of ${whole}`,
    (client, options) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: bucket.name,
          Prefix: whole,
          MaxKeys: Math.min(limit, PAGE_MAX),
          ...(startAfter !== undefined && { StartAfter: bucket.keys.prefix + startAfter }),
          ...(delimiter && { Delimiter: delimiter }),
        }),
        options,
      ),
    signal,
  );
  const keys = (answer.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
  const folded = (answer.CommonPrefixes ?? []).flatMap(({ Prefix }) =>
    Prefix === undefined ? [] : [Prefix],
  );
  const ours = (name: string) => bucket.keys.ours(name);
  // Others write to buckets, too, and consoles make objects that stand for folders: those are no keys of ours.
  const names = [
    ...keys.map(ours).filter(isObjectKey),
    ...folded.map(ours).filter((name) => isObjectKey(name.slice(0, -1))),
  ];
  // Keys are ASCII, where the order of strings is that of their bytes.
  const last = answer.IsTruncated ? [...keys, ...folded].map(ours).sort().at(-1) : undefined;
  return { names: names.sort(), last };
}

/**
 * Where to begin so that a common prefix does not come again because of the keys in it that lie after `startAfter`:
 * servers disagree about those.
 */
function beyondFolded({ prefix, startAfter, delimiter }: ListRequest): string | undefined {
  if (startAfter === undefined || delimiter === undefined || !startAfter.startsWith(prefix))
    return startAfter;
  const slash = startAfter.indexOf('/', prefix.length);
  return slash < 0 ? startAfter : startAfter.slice(0, slash + 1) + AFTER_ALL;
}

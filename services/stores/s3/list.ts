import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import {
  type ListPage,
  type ListRequest,
  StoreUnavailableError,
} from '../../registry/storage/object-store.ts';
import { isObjectKey } from '../object-key.ts';
import type { Bucket } from './bucket.ts';

/** The most that S3 lists at once. */
const PAGE_MAX = 1000;
/** After all keys of ours that begin alike: they are ASCII. */
const AFTER_ALL = '\u{10ffff}';

/** Where a page begins: after a name, or at the server's continuation token. */
type From = { readonly startAfter: string | undefined } | { readonly token: string };

/**
 * One page, filled with several requests if necessary, since foreign keys are left out. Throws rather than treat an
 * unclear answer as the end: keys that a listing omits count as deleted.
 */
export async function listObjects(
  bucket: Bucket,
  request: ListRequest,
  signal?: AbortSignal,
): Promise<ListPage> {
  const names: string[] = [];
  let from: From | undefined = { startAfter: beyondFolded(request) };
  for (;;) {
    const page = await listOnce(bucket, request, from, request.limit - names.length, signal);
    names.push(...page.names.filter((name) => (request.startAfter ?? '') < name));
    from = page.next;
    const isFull = names.length >= request.limit;
    if (from === undefined || isFull)
      return {
        keys: names.filter((name) => !name.endsWith('/')),
        prefixes: names.filter((name) => name.endsWith('/')),
        next: from === undefined ? undefined : names.at(-1),
      };
  }
}

/** Names in order, and where the next page begins; undefined if there is none. */
async function listOnce(
  bucket: Bucket,
  request: ListRequest,
  from: From,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<{ names: string[]; next: From | undefined }> {
  const { prefix, delimiter } = request;
  const whole = bucket.prefix + prefix;
  const startAfter = 'startAfter' in from ? from.startAfter : undefined;
  const answer = await bucket.send(
    new ListObjectsV2Command({
      Bucket: bucket.name,
      Prefix: whole,
      MaxKeys: Math.min(limit, PAGE_MAX),
      ...(startAfter !== undefined && { StartAfter: bucket.prefix + startAfter }),
      ...('token' in from && { ContinuationToken: from.token }),
      ...(delimiter && { Delimiter: delimiter }),
    }),
    signal,
    `of ${whole}`,
  );
  const keys = (answer.Contents ?? []).flatMap(({ Key }) => Key ?? []);
  const folded = (answer.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []);
  const ours = (name: string) => name.slice(bucket.prefix.length);
  // Others write to buckets, too, and consoles make objects that stand for folders: those are no keys of ours.
  const names = [
    ...keys.map(ours).filter(isObjectKey),
    ...folded.map(ours).filter((name) => isObjectKey(name.slice(0, -1))),
  ];
  const { IsTruncated, NextContinuationToken: token } = answer;
  if (IsTruncated === undefined)
    throw new StoreUnavailableError(`S3: ListObjectsV2 of ${whole} was answered with something else`);
  if (!isSorted(keys.map(ours).filter(isObjectKey)))
    throw new Error('S3: ListObjectsV2 does not list keys in order: this server cannot be used');
  if (!IsTruncated) return { names: names.sort(), next: undefined };
  // Keys are ASCII, where the order of strings is that of their bytes.
  const last = [...keys, ...folded].map(ours).sort().at(-1);
  if (last === undefined) {
    // Amazon skips deleted versions so, page by page.
    if (!token || ('token' in from && from.token === token))
      throw new StoreUnavailableError(`S3: ListObjectsV2 of ${whole} does not say where it continues`);
    return { names, next: { token } };
  }
  if (startAfter !== undefined && last <= startAfter)
    throw new Error('S3: ListObjectsV2 ignores start-after: this server cannot be used');
  return { names: names.sort(), next: { startAfter: beyondFolded({ ...request, startAfter: last }) } };
}

function isSorted(keys: readonly string[]): boolean {
  return keys.every((key, at) => at === 0 || (keys[at - 1] ?? '') < key);
}

/**
 * Where to begin so that a common prefix is not repeated because of its keys after `startAfter`: servers disagree about
 * those.
 */
function beyondFolded({ prefix, startAfter, delimiter }: ListRequest): string | undefined {
  if (startAfter === undefined || delimiter === undefined || !startAfter.startsWith(prefix))
    return startAfter;
  const slash = startAfter.indexOf('/', prefix.length);
  return slash < 0 ? startAfter : startAfter.slice(0, slash + 1) + AFTER_ALL;
}

import { LimitError } from '../oci/limit-error.ts';
import { uploadClaimKey } from '../storage/layout.ts';
import { StoreUnavailableError } from '../storage/object-store.ts';
import {
  FOREIGN,
  type Segment,
  type StoredUpload,
  segmentKey,
  standingOf,
  type UploadState,
} from './upload-records.ts';
import { mergeSmall } from './upload-segments.ts';

/** Bytes that are in the store, durably, and not part of the upload before a record says so. */
export interface WrittenPiece {
  readonly segments: readonly Segment[];
  /** Segments that have become part of a larger one: not needed once the record exists. */
  readonly merged: readonly string[];
  /** Claims, which nobody asks for once the record exists. */
  readonly outdated: readonly string[];
  /** Keys that are not needed when it is certain that there will be no record. */
  readonly unclaimed: readonly string[];
}

/**
 * An upload's segments at most: each record names them all. On stores that merge small ones that is 50 GB at least,
 * however small the pieces are, and on a file system every piece grows the last segment, unless requests race.
 */
const SEGMENTS_MAX = 10_000;

function tooManySegments(): LimitError {
  return new LimitError(
    'upload_segments',
    'UPLOAD_SCATTERED',
    `the upload has come in more than ${SEGMENTS_MAX} pieces that cannot be joined: begin a new one with POST, and send ` +
      'the blob in larger pieces, one after the other',
    { most: SEGMENTS_MAX },
  );
}

/**
 * Writes a piece: behind the last segment where the store can do that, otherwise as a segment of its own. `passed` counts
 * what came of the body.
 */
export async function writePiece(
  upload: StoredUpload,
  before: UploadState,
  body: AsyncIterable<Buffer>,
  passed: { readonly sizeBytes: number },
): Promise<WrittenPiece> {
  if (before.segments.length >= SEGMENTS_MAX) throw tooManySegments();
  const { objects } = upload;
  const grown = await growLast(upload, before, body, passed);
  if (grown) return grown;
  const segment = { id: crypto.randomUUID(), level: 0 };
  const key = segmentKey(upload, segment);
  // Durable before its record says so: after a power cut a record without its bytes would vouch for nothing.
  await objects.put(key, body);
  const all = [...before.segments, { ...segment, sizeBytes: passed.sizeBytes }];
  if (objects.grow) return { segments: all, merged: [], outdated: [], unclaimed: [key] };
  const { segments, made, merged } = await mergeSmall(upload, all);
  return { segments, merged, outdated: [], unclaimed: [key, ...made] };
}

/**
 * Adds a piece to the file of the last segment, under a claim that only one request ever gets for a file and a size. A
 * request that died or sleeps with its claim may write after that size and nowhere else, and no later record relies on
 * what is there: other requests then begin a segment of their own.
 */
async function growLast(
  upload: StoredUpload,
  before: UploadState,
  body: AsyncIterable<Buffer>,
  passed: { readonly sizeBytes: number },
): Promise<WrittenPiece | undefined> {
  const { objects } = upload;
  const last = before.segments.at(-1);
  if (!objects.grow || !last || last.id === FOREIGN) return undefined;
  const claim = await takeClaim(upload, before, last, GROWING);
  if (claim === undefined) return undefined;
  try {
    if (await objects.grow(segmentKey(upload, last), last.sizeBytes, body)) {
      const grown = { ...last, sizeBytes: last.sizeBytes + passed.sizeBytes };
      const segments = [...before.segments.slice(0, -1), grown];
      return { segments, merged: [], outdated: [claim], unclaimed: [claim] };
    }
  } catch (error) {
    // A store that gave no answer may still write what it was asked to: then the claim has to stay.
    if (!(error instanceof StoreUnavailableError))
      await objects.delete([claim], undefined, { durable: false });
    throw error;
  }
  return undefined;
}

const GROWING = 'growing';
const CLOSING = 'closing';

/** Fixes the size of the last segment, so that its file may become a blob; false when it may still grow. */
export async function sealLast(upload: StoredUpload, whole: UploadState): Promise<boolean> {
  const { objects } = upload;
  const last = whole.segments.at(-1);
  if (!objects.grow || !last || last.id === FOREIGN) return false;
  if ((await takeClaim(upload, whole, last, CLOSING)) === undefined) return false;
  const key = segmentKey(upload, last);
  const sizeBytes = (await objects.stat(key))?.sizeBytes ?? 0;
  if (sizeBytes <= last.sizeBytes) return sizeBytes === last.sizeBytes;
  // Bytes of a request that failed before it could record them.
  return objects.grow(key, last.sizeBytes, nothing());
}

/**
 * The key of the claim, when this request holds it. Claims of older records are deleted; a request that gets one of those
 * again finds a newer record.
 */
async function takeClaim(
  upload: StoredUpload,
  { sizeBytes, record }: UploadState,
  { id }: Segment,
  purpose: typeof GROWING | typeof CLOSING,
): Promise<string | undefined> {
  if (record === undefined) return undefined;
  const key = uploadClaimKey(upload.name, upload.id, sizeBytes, id);
  const { objects } = upload;
  const claim = Buffer.from(purpose);
  // After a power cut no request writes any more.
  const outcome = await objects.putIfAbsent(key, claim, undefined, { durable: false });
  // An earlier attempt to close the upload has made the same claim.
  if (outcome === 'exists' && !(purpose === CLOSING && (await objects.read(key, 100))?.equals(claim)))
    return undefined;
  return (await standingOf(upload, record)) === 'newest' ? key : undefined;
}

async function* nothing(): AsyncGenerator<Buffer> {}

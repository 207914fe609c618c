import { uploadClaimKey } from '../storage/layout.ts';
import { type ObjectStore, StoreUnavailableError } from '../storage/object-store.ts';
import {
  FOREIGN,
  type Segment,
  segmentKey,
  standingOf,
  type UploadPlace,
  type UploadState,
} from './upload-records.ts';
import { mergeSmall } from './upload-segments.ts';

/** Bytes that are in the store, durably, and not part of the upload before a record says so. */
export interface WrittenPiece {
  readonly segments: readonly Segment[];
  /** Segments that have become part of a larger one: nobody needs them when the record is there. */
  readonly merged: readonly string[];
  /** What nobody needs when it is certain that there will be no record. */
  readonly unclaimed: readonly string[];
}

/**
 * Writes a piece: behind the last segment where the store can do that, otherwise as a segment of its own. `passed` counts
 * what came of the body.
 */
export async function writePiece(
  objects: ObjectStore,
  place: UploadPlace,
  before: UploadState,
  body: AsyncIterable<Buffer>,
  passed: { readonly sizeBytes: number },
): Promise<WrittenPiece> {
  const grown = await growLast(objects, place, before, body, passed);
  if (grown) return grown;
  const segment = { id: crypto.randomUUID(), level: 0 };
  const key = segmentKey(place, segment);
  // Durable before its record says so: after a power cut a record without its bytes would vouch for nothing.
  await objects.put(key, body);
  const all = [...before.segments, { ...segment, sizeBytes: passed.sizeBytes }];
  if (passed.sizeBytes === 0 || objects.grow) return { segments: all, merged: [], unclaimed: [key] };
  const { segments, made, merged } = await mergeSmall(objects, place, all);
  return { segments, merged, unclaimed: [key, ...made] };
}

/**
 * Adds a piece to the file of the last segment, under a claim that only one request ever gets for a file and a size. A
 * request that died or sleeps with its claim may write behind that size and nowhere else, and no later record counts on
 * what it finds there: others then begin a segment of their own.
 */
async function growLast(
  objects: ObjectStore,
  place: UploadPlace,
  before: UploadState,
  body: AsyncIterable<Buffer>,
  passed: { readonly sizeBytes: number },
): Promise<WrittenPiece | undefined> {
  const last = before.segments.at(-1);
  if (!objects.grow || !last || last.id === FOREIGN) return undefined;
  const claim = await takeClaim(objects, place, before, last, GROWING);
  if (claim === undefined) return undefined;
  try {
    if (await objects.grow(segmentKey(place, last), last.sizeBytes, body)) {
      const grown = { ...last, sizeBytes: last.sizeBytes + passed.sizeBytes };
      return { segments: [...before.segments.slice(0, -1), grown], merged: [], unclaimed: [claim] };
    }
  } catch (error) {
    // What a store that gave no answer was asked to write may still be written: then the claim has to stay.
    if (!(error instanceof StoreUnavailableError))
      await objects.delete([claim], undefined, { durable: false });
    throw error;
  }
  return undefined;
}

const GROWING = 'growing';
const CLOSING = 'closing';

/** Has the last segment keep its size for good, so that its file may become a blob; false when it may still grow. */
export async function sealLast(
  objects: ObjectStore,
  place: UploadPlace,
  whole: UploadState,
): Promise<boolean> {
  const last = whole.segments.at(-1);
  if (!objects.grow || !last || last.id === FOREIGN) return false;
  if ((await takeClaim(objects, place, whole, last, CLOSING)) === undefined) return false;
  const key = segmentKey(place, last);
  const sizeBytes = (await objects.stat(key))?.sizeBytes ?? 0;
  if (sizeBytes <= last.sizeBytes) return sizeBytes === last.sizeBytes;
  // What a request has left that failed before it could record its bytes.
  return objects.grow(key, last.sizeBytes, nothing());
}

/**
 * The key of the claim, when this request holds it. Claims of older records are deleted; who gets one of those again
 * finds that there is a newer record.
 */
async function takeClaim(
  objects: ObjectStore,
  place: UploadPlace,
  { sizeBytes, record }: UploadState,
  { id }: Segment,
  purpose: typeof GROWING | typeof CLOSING,
): Promise<string | undefined> {
  if (record === undefined) return undefined;
  const key = uploadClaimKey(place.name, place.id, sizeBytes, id);
  const claim = Buffer.from(purpose);
  // After a power cut nobody writes any more.
  const outcome = await objects.putIfAbsent(key, claim, undefined, { durable: false });
  // An earlier attempt to close the upload has seen to the same.
  if (outcome === 'exists' && !(purpose === CLOSING && (await objects.read(key, 100))?.equals(claim)))
    return undefined;
  return (await standingOf(objects, place, record)) === 'newest' ? key : undefined;
}

async function* nothing(): AsyncGenerator<Buffer> {}

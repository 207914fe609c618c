import pMap from 'p-map';
import { type Algorithm, type Digest, Hasher, type Sha256Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { sealLast } from './upload-pieces.ts';
import { FOREIGN, type Segment, segmentKey, type UploadPlace, type UploadState } from './upload-records.ts';

const LOOKS_AT_ONCE = 16;

/** An upload's bytes as they will become a blob: nothing changes them any more. */
export interface Settled {
  /** Objects that make up the blob, in order. */
  readonly sources: readonly string[];
  readonly digests: { readonly stored: Sha256Digest; readonly named: Digest };
}

/**
 * Settles what an upload consists of, and its digests. Neither copies nor reads anything for the usual upload; does so
 * once for one whose hash is unknown, that is named by another algorithm than the store's, or part of which is in a
 * file that may still grow.
 */
export async function settle(
  objects: ObjectStore,
  place: UploadPlace,
  whole: UploadState,
  algorithm: Algorithm,
): Promise<Settled> {
  const { segments, hash } = whole;
  const sealed =
    objects.grow === undefined || (segments.length === 1 && (await sealLast(objects, place, whole)));
  if (segments.length === 0) return { sources: [], digests: new Hasher(algorithm).digests() };
  if (!sealed || segments.some(({ id }) => id === FOREIGN)) return copied(objects, place, whole, algorithm);
  const sources = segments.map((segment) => segmentKey(place, segment));
  if (hash.digest && algorithm === 'sha256' && (await areWhole(objects, sources, segments)))
    return { sources, digests: { stored: hash.digest, named: hash.digest } };
  const hasher = new Hasher(algorithm);
  for await (const chunk of bytesOf(objects, place, segments)) hasher.update(chunk);
  return { sources, digests: hasher.digests() };
}

/** Everything in one new object, which nobody else writes to. */
async function copied(
  objects: ObjectStore,
  place: UploadPlace,
  { segments }: UploadState,
  algorithm: Algorithm,
): Promise<Settled> {
  const copy = segmentKey(place, { id: crypto.randomUUID() });
  const hasher = new Hasher(algorithm);
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of bytesOf(objects, place, segments)) {
      hasher.update(chunk);
      yield chunk;
    }
  }
  await objects.put(copy, hashed());
  return { sources: [copy], digests: hasher.digests() };
}

/** Whether each object is as long as its record says: a store that has lost bytes is found out by the hash instead. */
async function areWhole(
  objects: ObjectStore,
  sources: readonly string[],
  segments: readonly Segment[],
): Promise<boolean> {
  const stats = await pMap(sources, (key) => objects.stat(key), { concurrency: LOOKS_AT_ONCE });
  return stats.every((stat, i) => stat?.sizeBytes === segments[i]?.sizeBytes);
}

/** Of each segment as much as is the upload's; its object may be longer. */
async function* bytesOf(
  objects: ObjectStore,
  place: UploadPlace,
  segments: readonly Segment[],
): AsyncGenerator<Buffer> {
  for (const segment of segments) {
    const key = segmentKey(place, segment);
    const read = await objects.get(key, { first: 0, last: segment.sizeBytes - 1 });
    // Its last deletes may come back after a power cut, and its first ones not.
    if (read === undefined)
      throw new RegistryError(
        'BLOB_UPLOAD_UNKNOWN',
        'the upload has lost bytes: begin a new one with POST',
        undefined,
        new Error(`there is no ${key}`),
      );
    for await (const chunk of read.body) yield chunk;
  }
}

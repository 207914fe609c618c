import pMap from 'p-map';
import { type Algorithm, type Digest, Hasher, type Sha256Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { sealLast } from './upload-pieces.ts';
import { FOREIGN, type Segment, type StoredUpload, segmentKey, type UploadState } from './upload-records.ts';

const LOOKS_AT_ONCE = 16;

/** An upload's bytes as they will become a blob: nothing changes them any more. */
export interface Settled {
  /** Objects that make up the blob, in order. */
  readonly sources: readonly string[];
  readonly digests: { readonly canonicalDigest: Sha256Digest; readonly requestedDigest: Digest };
}

/**
 * Fixes what an upload consists of, and its digests. Usually reads and copies nothing; reads the upload once if its hash
 * is unknown or the client names it by another algorithm than SHA-256, and copies it once if a part is in a file that may
 * still grow.
 */
export async function settle(
  upload: StoredUpload,
  whole: UploadState,
  algorithm: Algorithm,
): Promise<Settled> {
  const { objects } = upload;
  const { segments, hash } = whole;
  const sealed = objects.grow === undefined || (segments.length === 1 && (await sealLast(upload, whole)));
  if (segments.length === 0) return { sources: [], digests: new Hasher(algorithm).digests() };
  if (!sealed || segments.some(({ id }) => id === FOREIGN)) return copied(upload, whole, algorithm);
  const sources = segments.map((segment) => segmentKey(upload, segment));
  if (hash.digest && algorithm === 'sha256' && (await areWhole(objects, sources, segments)))
    return { sources, digests: { canonicalDigest: hash.digest, requestedDigest: hash.digest } };
  const hasher = new Hasher(algorithm);
  for await (const chunk of bytesOf(upload, segments)) hasher.update(chunk);
  return { sources, digests: hasher.digests() };
}

/** Everything in one new object, which nobody else writes to. */
async function copied(
  upload: StoredUpload,
  { segments }: UploadState,
  algorithm: Algorithm,
): Promise<Settled> {
  const copy = segmentKey(upload, { id: crypto.randomUUID() });
  const hasher = new Hasher(algorithm);
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of bytesOf(upload, segments)) {
      hasher.update(chunk);
      yield chunk;
    }
  }
  await upload.objects.put(copy, hashed());
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

/** The upload's bytes; a segment's object may have more. */
async function* bytesOf(upload: StoredUpload, segments: readonly Segment[]): AsyncGenerator<Buffer> {
  for (const segment of segments) {
    const key = segmentKey(upload, segment);
    const read = await upload.objects.get(key, { first: 0, last: segment.sizeBytes - 1 });
    // After a power cut, an upload that was being deleted may come back without its first objects.
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

import { z } from 'zod';
import { type Digest, isDigest } from '../digest.ts';
import { uploadBytesKey, uploadPartKey, uploadPartsPrefix } from '../layout.ts';
import type { RepositoryName, UploadId } from '../names.ts';
import { listAll, type ObjectStore } from '../object-store.ts';

/** The bytes that one request brought. */
export interface UploadPart {
  readonly offset: number;
  readonly sizeBytes: number;
  /** Of these bytes alone, as they passed: with a single part it is the blob's own. */
  readonly digest: Digest;
  readonly partId: string;
}

const PartSchema = z.object({
  offset: z.int().nonnegative(),
  sizeBytes: z.int().positive(),
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  partId: z.uuid(),
});

/** Parts of an upload that follow on one another from offset 0, in order. */
export async function readParts(
  objects: ObjectStore,
  name: RepositoryName,
  id: UploadId,
  signal?: AbortSignal,
): Promise<UploadPart[]> {
  const parts: UploadPart[] = [];
  let offset = 0;
  for await (const { key } of listAll(objects, { prefix: uploadPartsPrefix(name, id) }, signal)) {
    const bytes = await objects.read(key, 4096, signal);
    if (bytes === undefined) continue;
    const part = PartSchema.parse(JSON.parse(bytes.toString('utf8')));
    if (part.offset !== offset) break;
    parts.push(part);
    offset += part.sizeBytes;
  }
  return parts;
}

/**
 * Claims the bytes from an offset on for this part. Of requests that race for one offset, on whichever nodes, one
 * hears true: so no two bodies can ever be mixed, and no node holds a lock.
 */
export async function claimPart(
  objects: ObjectStore,
  name: RepositoryName,
  id: UploadId,
  part: UploadPart,
): Promise<boolean> {
  const record = Buffer.from(JSON.stringify(part));
  return (await objects.putIfAbsent(uploadPartKey(name, id, part.offset), record)) === 'created';
}

/** Where the parts' bytes lie. */
export function partKeys(name: RepositoryName, id: UploadId, parts: readonly UploadPart[]): string[] {
  return parts.map((part) => uploadBytesKey(name, id, part.partId));
}

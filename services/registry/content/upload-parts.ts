import { z } from 'zod';
import { isSha256, type Sha256Digest } from '../digest.ts';
import { foreignUploadDataKey, uploadBytesKey, uploadPartKey, uploadPartsPrefix } from '../layout.ts';
import type { RepositoryName, UploadId } from '../names.ts';
import { listAll, type ObjectStore } from '../object-store.ts';

/** The bytes that one request brought. */
export interface OwnPart {
  readonly offset: number;
  readonly sizeBytes: number;
  /** Of these bytes alone, as they passed: with a single part it is the blob's own. */
  readonly digest: Sha256Digest;
  readonly partId: string;
}

/** The bytes that Distribution took before the upload came here: a file that it may still add to. */
export interface ForeignPart {
  readonly offset: 0;
  readonly sizeBytes: number;
  readonly foreignKey: string;
}

export type UploadPart = OwnPart | ForeignPart;

const PartSchema = z.object({
  offset: z.int().nonnegative(),
  sizeBytes: z.int().positive(),
  digest: z.custom<Sha256Digest>((value) => typeof value === 'string' && isSha256(value)),
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
  const foreignKey = foreignUploadDataKey(name, id);
  const foreign = await objects.stat(foreignKey, signal);
  let offset = foreign?.sizeBytes ?? 0;
  if (offset > 0) parts.push({ offset: 0, sizeBytes: offset, foreignKey });
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
  part: OwnPart,
): Promise<boolean> {
  const record = Buffer.from(JSON.stringify(part));
  return (await objects.putIfAbsent(uploadPartKey(name, id, part.offset), record)) === 'created';
}

/** Where a part's bytes lie. */
export function partKey(name: RepositoryName, id: UploadId, part: UploadPart): string {
  return 'foreignKey' in part ? part.foreignKey : uploadBytesKey(name, id, part.partId);
}

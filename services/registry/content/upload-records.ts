import { z } from 'zod';
import { isSha256, type Sha256Digest } from '../oci/digest.ts';
import type { RepositoryName, UploadId } from '../oci/names.ts';
import { parseJson } from '../storage/json.ts';
import {
  foreignUploadDataKey,
  uploadBytesKey,
  uploadPartKey,
  uploadPartsPrefix,
  uploadPrefix,
  uploadStartedAtKey,
} from '../storage/layout.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';

/** Which upload. */
export interface UploadPlace {
  readonly name: RepositoryName;
  readonly id: UploadId;
}

/** An upload in its store. */
export interface StoredUpload extends UploadPlace {
  readonly objects: ObjectStore;
}

/** The id of the segment that Distribution wrote before the upload came here: a file that it may still add to. */
export const FOREIGN = 'foreign';

const SegmentSchema = z.object({
  /** Names the object; see {@link segmentKey}. */
  id: z.union([z.uuid(), z.literal(FOREIGN)]),
  sizeBytes: z.int().positive(),
  /** How often its bytes were merged (`upload-segments.ts`). */
  level: z.int().nonnegative().default(0),
});

/** A run of an upload's bytes: the first `sizeBytes` bytes of an object, which may be longer. */
export type Segment = Readonly<z.infer<typeof SegmentSchema>>;

/** What is known of the SHA-256 of an upload's bytes so far. */
export interface KnownHash {
  readonly digest?: Sha256Digest | undefined;
  /** From which any node can continue hashing; see `upload-hash.ts`. */
  readonly state?: string | undefined;
}

/** An upload as its newest record describes it. */
export interface UploadState {
  readonly sizeBytes: number;
  /** All of its bytes, in order. */
  readonly segments: readonly Segment[];
  readonly hash: KnownHash;
  /** The key of the newest record; undefined before the first. */
  readonly record: string | undefined;
  /** Older records and claims, which no request needs once there is a newer record. */
  readonly outdated: readonly string[];
}

const sha256Schema = z.custom<Sha256Digest>((value) => typeof value === 'string' && isSha256(value));
const OFFSETS = { offset: z.int().nonnegative(), sizeBytes: z.int().positive() };

/** One piece as an object of its own, with its own digest: all that older nodes write and understand. */
const PartSchema = z.object({ ...OFFSETS, digest: sha256Schema, partId: z.uuid() });

/** A piece, and with it the whole upload up to its end. Older nodes refuse it for want of `partId`. */
const PieceSchema = z.object({
  ...OFFSETS,
  segments: z.array(SegmentSchema),
  digest: sha256Schema.optional(),
  hashState: z.string().optional(),
});

type Part = z.infer<typeof PartSchema>;

/** A record names each segment; see the price in docs/decisions/0014-uploads-in-many-pieces.md. */
const RECORD_MAX_BYTES = 4 * 1024 * 1024;

/** Each attempt that fails means that a request added to the upload at that moment. */
const ATTEMPTS_MAX = 50;

/** What an upload consists of: one listing and one record, however many pieces it came in. */
export async function readState(upload: StoredUpload): Promise<UploadState> {
  const { objects, name, id } = upload;
  for (let attempt = 1; ; attempt++) {
    const listed = listAll(objects, { prefix: uploadPartsPrefix(name, id) });
    const keys = await Array.fromAsync(listed, ({ key }) => key);
    const record = keys.findLast(isRecord);
    if (record === undefined) return { ...(await foreignState(upload)), outdated: keys };
    const outdated = keys.filter((key) => key !== record);
    const bytes = await objects.read(record, RECORD_MAX_BYTES);
    if (bytes === undefined) {
      // Outdated since it was listed, or the upload is being forgotten, which the caller finds out.
      if (attempt < ATTEMPTS_MAX) continue;
      return { sizeBytes: 0, segments: [], hash: {}, record: undefined, outdated: [] };
    }
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    const part = PartSchema.safeParse(value);
    if (part.success) return { ...(await chainOf(upload, keys, part.data)), record, outdated };
    const { offset, sizeBytes, segments, digest, hashState } = PieceSchema.parse(value);
    return {
      ...{ sizeBytes: offset + sizeBytes, segments, hash: { digest, state: hashState } },
      ...{ record, outdated },
    };
  }
}

/** Parts as older nodes leave them: each says only what it is itself, so all of them are read. */
async function chainOf(
  upload: StoredUpload,
  keys: readonly string[],
  newest: Part,
): Promise<Pick<UploadState, 'sizeBytes' | 'segments' | 'hash'>> {
  const { digest } = newest;
  if (newest.offset === 0)
    return { sizeBytes: newest.sizeBytes, segments: [segmentOf(newest)], hash: { digest } };
  const foreign = await foreignState(upload);
  let { sizeBytes } = foreign;
  const segments = [...foreign.segments];
  for (const key of keys.filter(isRecord)) {
    const bytes = await upload.objects.read(key, RECORD_MAX_BYTES);
    if (bytes === undefined) continue;
    const part = parseJson(PartSchema, bytes);
    if (part.offset !== sizeBytes) break;
    segments.push(segmentOf(part));
    sizeBytes += part.sizeBytes;
  }
  return { sizeBytes, segments, hash: {} };
}

function segmentOf({ partId, sizeBytes }: Part): Segment {
  return { id: partId, sizeBytes, level: 0 };
}

async function foreignState({ objects, name, id }: StoredUpload): Promise<Omit<UploadState, 'outdated'>> {
  const sizeBytes = (await objects.stat(foreignUploadDataKey(name, id)))?.sizeBytes ?? 0;
  const segments = sizeBytes > 0 ? [{ id: FOREIGN, sizeBytes, level: 0 }] : [];
  return { sizeBytes, segments, hash: {}, record: undefined };
}

/** What a new record says: the upload up to the end of the piece. */
export interface NewRecord {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly segments: readonly Segment[];
  readonly hash: KnownHash;
}

/** What a record is: the newest of an open upload; older than another; or left of an upload that is over. */
export type Standing = 'newest' | 'outrun' | 'over';

/**
 * Claims the bytes from an offset on for a piece. Of requests that race for one offset, on any nodes, one gets `newest`.
 * `outrun` means that there are newer records: either this one came so late that its offset had been freed again, and is
 * void, or another request has already continued from it.
 */
export async function addRecord(
  upload: StoredUpload,
  { offset, sizeBytes, segments, hash }: NewRecord,
): Promise<{ outcome: Standing | 'taken'; key: string }> {
  const key = uploadPartKey(upload.name, upload.id, offset);
  const { digest, state: hashState } = hash;
  const [only] = segments;
  const isPart = only && segments.length === 1 && offset === 0 && digest && !hashState;
  const record = isPart
    ? { offset, sizeBytes, digest, partId: only.id }
    : { offset, sizeBytes, segments, digest, hashState };
  const outcome = await upload.objects.putIfAbsent(key, Buffer.from(JSON.stringify(record)));
  return { outcome: outcome === 'exists' ? 'taken' : await standingOf(upload, key), key };
}

/** One listing: `startedat`, which says that the upload is open, sorts behind all records. */
export async function standingOf({ objects, name, id }: StoredUpload, record: string): Promise<Standing> {
  const startedAt = uploadStartedAtKey(name, id);
  const rest = { prefix: uploadPrefix(name, id), startAfter: record };
  for await (const { key } of listAll(objects, rest)) {
    if (key === startedAt) return 'newest';
    if (isRecord(key)) return 'outrun';
  }
  return 'over';
}

function isRecord(key: string): boolean {
  return key.endsWith('.json');
}

/** The key of a segment's bytes. */
export function segmentKey({ name, id }: UploadPlace, segment: Pick<Segment, 'id'>): string {
  return segment.id === FOREIGN ? foreignUploadDataKey(name, id) : uploadBytesKey(name, id, segment.id);
}

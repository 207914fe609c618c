import { CopyObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import type { Bucket } from './bucket.ts';
import { type Piece, type PlannedPart, planParts } from './compose-plan.ts';
import { isUnmet } from './errors.ts';
import { WriteMark } from './mark.ts';
import { copySource, MultipartUpload } from './multipart.ts';
import { startReading } from './read.ts';
import { headObject } from './stat.ts';
import { writeWhole } from './write.ts';

const LOOKS_AT_ONCE = 16;
/** Parts that are assembled here at once, each of a little more than 5 MiB. */
const GATHERS_AT_ONCE = 2;

interface Source {
  readonly bucketKey: string;
  readonly sizeBytes: number;
  readonly etag: string | undefined;
}

/** Makes an object of others, which the server copies if they are large enough. */
export async function composeObject(
  bucket: Bucket,
  sourceKeys: readonly string[],
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  const sources = await pMap(sourceKeys, (key) => look(bucket, key, signal), { concurrency: LOOKS_AT_ONCE });
  const { multipartCopyThresholdBytes, multipartCopyChunkSizeBytes } = bucket.settings;
  const [only, ...others] = sources.filter(({ sizeBytes }) => sizeBytes > 0);
  if (only === undefined) return writeWhole(bucket, target, Buffer.alloc(0), signal);
  if (others.length === 0 && only.sizeBytes <= multipartCopyThresholdBytes)
    return copyWhole(bucket, only, target, signal);
  const parts = planParts(
    sources.map(({ sizeBytes }) => sizeBytes),
    multipartCopyChunkSizeBytes,
  );
  const [first] = parts;
  if (parts.length > 1 || first === undefined)
    return MultipartUpload.run(
      bucket,
      target,
      (upload, either) => writeParts(bucket, upload, parts, sources, either),
      signal,
    );
  if (first.kind === 'copy') return copyWhole(bucket, only, target, signal);
  const bytes = await gather(bucket, first.pieces, sources, signal);
  await writeWhole(bucket, target, bytes, signal);
}

async function look(bucket: Bucket, bucketKey: string, signal?: AbortSignal): Promise<Source> {
  const head = await headObject(bucket, bucketKey, signal);
  if (head === undefined) throw absent(bucketKey);
  return { bucketKey, sizeBytes: head.ContentLength ?? 0, etag: head.ETag };
}

async function copyWhole(
  bucket: Bucket,
  source: Source,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  const mark = new WriteMark();
  const request = {
    ...{ Bucket: bucket.name, Key: target, CopySource: copySource(bucket, source.bucketKey) },
    // Without it a copy keeps the mark of its source.
    ...{ MetadataDirective: 'REPLACE' as const, Metadata: mark.metadata },
    ...bucket.written,
  };
  const what = `to ${target} from ${source.bucketKey}`;
  const copy = () => bucket.send(new CopyObjectCommand(request), signal, what);
  await mark.confirm(bucket, target, copy, signal);
}

/** Starts copies first, since the server does them; parts that pass through here are sent at the same time. */
async function writeParts(
  bucket: Bucket,
  upload: MultipartUpload,
  parts: readonly PlannedPart[],
  sources: readonly Source[],
  signal: AbortSignal,
): Promise<void> {
  const numbered = parts.map((part, i) => ({ ...part, partNumber: i + 1 }));
  const copies = numbered.filter((part) => part.kind === 'copy');
  const gathers = numbered.filter((part) => part.kind === 'gather');
  const { multipartCopyMaxConcurrency } = bucket.settings;
  const unsure = new Set<Source>();
  const copy = async (partNumber: number, piece: Piece) => {
    const source = sourceOf(piece, sources);
    const part = { bucketKey: source.bucketKey, range: piece.range };
    if (bucket.copiesOnCondition)
      try {
        return await upload.copy(partNumber, { ...part, etag: source.etag }, signal);
      } catch (error) {
        if (!isUnmet(error)) throw error;
      }
    unsure.add(source);
    await upload.copy(partNumber, { ...part, etag: undefined }, signal);
  };
  await Promise.all([
    pMap(copies, ({ partNumber, piece }) => copy(partNumber, piece), {
      concurrency: multipartCopyMaxConcurrency,
    }),
    pMap(
      gathers,
      async ({ partNumber, pieces }) =>
        upload.upload(partNumber, await gather(bucket, pieces, sources, signal), signal),
      { concurrency: GATHERS_AT_ONCE },
    ),
  ]);
  if (unsure.size === 0) return;
  await pMap(unsure, (source) => expectUnchanged(bucket, source, signal), { concurrency: LOOKS_AT_ONCE });
  bucket.copiesOnCondition = false;
}

/**
 * Checks a copy without a condition. Swift's S3 compares the ETag of an object written in parts with another one than it
 * reports, so such a copy is verified by a look at the source before and after.
 */
async function expectUnchanged(bucket: Bucket, source: Source, signal: AbortSignal): Promise<void> {
  const { etag } = await look(bucket, source.bucketKey, signal);
  if (etag !== source.etag) throw replaced(source.bucketKey);
}

async function gather(
  bucket: Bucket,
  pieces: readonly Piece[],
  sources: readonly Source[],
  signal?: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (const piece of pieces) {
    const { bucketKey, sizeBytes } = sourceOf(piece, sources);
    const reading = await startReading(bucket, bucketKey, piece.range, signal);
    if (reading === undefined) throw absent(bucketKey);
    if (reading.sizeBytes !== sizeBytes) {
      await reading.chunks.return();
      throw replaced(bucketKey);
    }
    for await (const chunk of reading.chunks) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function sourceOf(piece: Piece, sources: readonly Source[]): Source {
  const source = sources[piece.index];
  if (source === undefined) throw new Error('a piece of no source');
  return source;
}

function replaced(bucketKey: string): Error {
  return new Error(`cannot compose: ${bucketKey} is being replaced`);
}

function absent(bucketKey: string): Error {
  return new Error(`cannot compose: there is no ${bucketKey}`);
}

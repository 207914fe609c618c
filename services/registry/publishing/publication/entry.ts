import { z } from 'zod';
import { isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { DigestSchema } from '../../oci/manifest-schema.ts';
import { tryParseJson } from '../../storage/json.ts';

/** The set of stable repositories that mirrors carry; there is one until the configuration can name more. */
export const DEFAULT_COLLECTION = 'default';

const StoredDigestSchema = z.custom<Sha256Digest>((value) => typeof value === 'string' && isSha256(value), {
  error: 'expected sha256:<64 hexadecimal digits>',
});

/** A blob that an entry makes public for the first time in its collection. */
const PublishedBlobSchema = z.object({ digest: StoredDigestSchema, sizeBytes: z.int().nonnegative() });

/** An entry names at most the blobs of one image index; this bounds what a damaged one can cost. */
export const PUBLICATION_MAX_BYTES = 16 * 1024 * 1024;

/** One entry of the publication log, as stored and as the release service answers it. */
export const PublicationSchema = z.object({
  version: z.literal(1),
  /** The entry's place in the log, from 1, without gaps. */
  seq: z.int().positive(),
  /** When it was appended, RFC 3339 UTC. */
  time: z.iso.datetime(),
  /** Who asked for it. */
  actor: z.string(),
  kind: z.literal('promotion'),
  source: z.object({ repository: z.string(), reference: z.string() }),
  target: z.object({ repository: z.string(), tag: z.string() }),
  manifestDigest: DigestSchema,
  /** What the tag named before; absent for a new tag. The way back, should the promotion prove wrong. */
  previousDigest: DigestSchema.optional(),
  /** Per collection, the blobs that this entry makes public for the first time. */
  collections: z.record(z.string(), z.array(PublishedBlobSchema)),
});

export type Publication = z.infer<typeof PublicationSchema>;
export type PublishedBlob = z.infer<typeof PublishedBlobSchema>;

/** An entry before it has its place, time, and the choice of blobs that are new. */
export type PublicationDraft = Omit<Publication, 'version' | 'seq' | 'time' | 'collections'>;

/** Parses the bytes of a stored entry; undefined for anything else. */
export function parsePublication(bytes: Buffer): Publication | undefined {
  return tryParseJson(PublicationSchema, bytes);
}

/** The blobs that an entry published in a collection. */
export function blobsOf(entry: Publication, collection = DEFAULT_COLLECTION): readonly PublishedBlob[] {
  return entry.collections[collection] ?? [];
}

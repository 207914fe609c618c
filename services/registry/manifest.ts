import { z } from 'zod';
import { type Digest, digestOf, isDigest } from './digest.ts';
import { RegistryError } from './errors.ts';

/** The most that a manifest may weigh: the specification asks registries to take at least this much. */
export const MANIFEST_MAX_BYTES = 4 * 1024 * 1024;

const IMAGE_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;
const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;

/** Layers that their publisher forbids to redistribute; they may be absent from the registry. */
const NON_DISTRIBUTABLE =
  /^application\/vnd\.(oci\.image\.layer\.nondistributable\.|docker\.image\.rootfs\.foreign\.)/;

const DigestSchema = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  error: 'expected sha256:<64 hexadecimal digits>',
});
const DescriptorSchema = z.looseObject({
  mediaType: z.string().min(1).max(255),
  digest: DigestSchema,
  size: z.int().nonnegative(),
  urls: z.array(z.string()).optional(),
});
const ImageSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum(IMAGE_TYPES).optional(),
  config: DescriptorSchema,
  layers: z.array(DescriptorSchema),
  subject: DescriptorSchema.optional(),
});
const IndexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum(INDEX_TYPES).optional(),
  manifests: z.array(DescriptorSchema),
  subject: DescriptorSchema.optional(),
});

/** A reference from a manifest to content (OCI image specification, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A manifest whose JSON was checked; the bytes are kept exactly as they came. */
export interface Manifest {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly mediaType: string;
  /** Config and layers that must be in the repository; empty for an index. */
  readonly blobs: readonly Descriptor[];
  /** Manifests that an index lists; empty for an image. */
  readonly manifests: readonly Descriptor[];
  /** What this manifest is attached to; need not exist (distribution specification, "Pushing Manifests with Subject"). */
  readonly subject: Descriptor | undefined;
}

/**
 * Parses a manifest or index, OCI or Docker schema 2. The media type is the one in the JSON, else `contentType`,
 * else derived from its members, as Distribution does. Throws MANIFEST_INVALID with the place and the reason.
 */
export function parseManifest(bytes: Buffer, contentType?: string): Manifest {
  const json = parseJson(bytes);
  const mediaType = mediaTypeOf(json, contentType);
  const digest = digestOf(bytes);
  if ((INDEX_TYPES as readonly string[]).includes(mediaType)) {
    const index = check(IndexSchema, json);
    return {
      digest,
      bytes,
      mediaType,
      blobs: [],
      manifests: index.manifests.map(descriptor),
      subject: index.subject && descriptor(index.subject),
    };
  }
  const image = check(ImageSchema, json);
  const distributable = image.layers.filter(
    (layer) => !(NON_DISTRIBUTABLE.test(layer.mediaType) && layer.urls?.length),
  );
  return {
    digest,
    bytes,
    mediaType,
    blobs: [image.config, ...distributable].map(descriptor),
    manifests: [],
    subject: image.subject && descriptor(image.subject),
  };
}

/** Media types that a manifest is pushed and pulled as. */
export function isManifestMediaType(mediaType: string): boolean {
  return ([...IMAGE_TYPES, ...INDEX_TYPES] as readonly string[]).includes(mediaType);
}

function mediaTypeOf(json: Record<string, unknown>, contentType: string | undefined): string {
  const own = typeof json['mediaType'] === 'string' ? json['mediaType'] : undefined;
  if (own !== undefined && contentType !== undefined && own !== contentType)
    throw invalid(
      `Content-Type is ${contentType}, but the manifest's own mediaType is ${own}: send the same in both`,
    );
  const mediaType =
    own ?? contentType ?? (Array.isArray(json['manifests']) ? INDEX_TYPES[0] : IMAGE_TYPES[0]);
  if (!isManifestMediaType(mediaType))
    throw invalid(
      `media type ${mediaType.slice(0, 255)} is not one of ${[...IMAGE_TYPES, ...INDEX_TYPES].join(', ')}`,
    );
  // The confusion of CVE-2021-41190: one document that two readers may take for two things.
  if ('manifests' in json && ('config' in json || 'layers' in json))
    throw invalid('a manifest has either "manifests" or "config" and "layers", not both');
  return mediaType;
}

function parseJson(bytes: Buffer): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return json as Record<string, unknown>;
  } catch {
    // told below
  }
  throw invalid('the body is not a JSON object in UTF-8');
}

function check<T>(schema: z.ZodType<T>, json: unknown): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(
    issue ? `${issue.path.join('.') || 'manifest'}: ${issue.message}` : 'the manifest is malformed',
  );
}

function descriptor(of: z.infer<typeof DescriptorSchema>): Descriptor {
  return { mediaType: of.mediaType, digest: of.digest, sizeBytes: of.size };
}

function invalid(message: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', message);
}

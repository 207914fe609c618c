import type { z } from 'zod';
import { type Algorithm, type Digest, digestBy, digestOf, type Sha256Digest } from './digest.ts';
import { checkChildren, checkLayers, checkUrls, type ManifestLimits, UNLIMITED } from './manifest-limits.ts';
import {
  ChildSchema,
  check,
  checkEach,
  DescriptorSchema,
  IMAGE_TYPES,
  ImageSchema,
  INDEX_TYPES,
  IndexSchema,
  invalid,
  type PlatformSchema,
} from './manifest-schema.ts';

/** The largest manifest: the specification asks registries to accept at least this size. */
export const MANIFEST_MAX_BYTES = 4 * 1024 * 1024;

/** The media type of an OCI index, which is also what the referrers of a manifest are listed in. */
export const OCI_INDEX = INDEX_TYPES[0];

/** Layers that their publisher forbids to redistribute; they may be absent from the registry. */
const NON_DISTRIBUTABLE =
  /^application\/vnd\.(oci\.image\.layer\.nondistributable\.|docker\.image\.rootfs\.foreign\.)/;

/** Docker's first kind of manifest, which is served from old buckets and never accepted in a push. */
export const SCHEMA_1 = 'application/vnd.docker.distribution.manifest.v1+';

/** A reference from a manifest to content (OCI image specification, "Content Descriptors"). */
export interface Descriptor {
  /** Empty where the manifest does not say. */
  readonly mediaType: string;
  readonly digest: Digest;
  /** Undefined where the manifest does not say. */
  readonly sizeBytes: number | undefined;
}

/** What a manifest in an index is made for (OCI image specification, "Image Index"). */
export type Platform = z.infer<typeof PlatformSchema>;

/** What an index lists: a manifest, unless {@link mayBeBlob}. */
export interface Child extends Descriptor {
  readonly platform: Platform | undefined;
}

/** A layer that clients can get elsewhere, and that need not be here. */
export interface ForeignLayer extends Descriptor {
  readonly urls: readonly string[];
}

/** A manifest whose JSON was checked; the bytes are kept exactly as they came. */
export interface Manifest {
  /** As the client requested it; the canonical digest unless it uses another algorithm. */
  readonly digest: Digest;
  /** Under which its bytes are stored. */
  readonly canonicalDigest: Sha256Digest;
  readonly bytes: Buffer;
  readonly mediaType: string;
  /** Its own artifact type, or an image's config type (image specification, "Guidelines for Artifact Usage"). */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** Config and layers that must be in the repository; empty for an index. */
  readonly blobs: readonly Descriptor[];
  /** Layers that may be absent; where a repository has their bytes, they are kept and promoted like others. */
  readonly foreign: readonly ForeignLayer[];
  /** What an index lists: manifests, or layers in a cache of BuildKit's ({@link mayBeBlob}); empty for an image. */
  readonly manifests: readonly Child[];
  /** What this manifest is attached to; need not exist (distribution specification, "Pushing Manifests with Subject"). */
  readonly subject: Descriptor | undefined;
}

/**
 * Parses a manifest or index, OCI or Docker schema 2. The media type is the one in the JSON, else `contentType`,
 * else derived from its members, as Distribution does. Throws MANIFEST_INVALID with the place and the reason. `limits` are
 * for pushes: what is stored already is read, however large it is.
 */
export function parseManifest(
  bytes: Buffer,
  contentType?: string,
  algorithm: Algorithm = 'sha256',
  limits: ManifestLimits = UNLIMITED,
): Manifest {
  const json = parseJsonObject(bytes);
  const mediaType = mediaTypeOf(json, contentType);
  const canonicalDigest = digestOf(bytes);
  const digest = algorithm === 'sha256' ? canonicalDigest : digestBy(algorithm, bytes);
  const isIndex = isIndexType(mediaType);
  const { artifactType, annotations, subject, ...parts } = isIndex
    ? indexParts(json, limits)
    : imageParts(json, limits);
  return {
    ...{ digest, canonicalDigest, bytes, mediaType, annotations, ...parts },
    artifactType: artifactType || undefined,
    subject: subject && descriptor(subject),
  };
}

function indexParts(json: Record<string, unknown>, limits: ManifestLimits) {
  const { artifactType, annotations, subject, manifests } = check(IndexSchema, json);
  checkChildren(limits, manifests.length);
  const children = checkEach(ChildSchema, 'manifests', manifests);
  return {
    ...{ artifactType, annotations, subject, blobs: [], foreign: [] },
    manifests: children.map((child) => ({ ...descriptor(child), platform: child.platform })),
  };
}

function imageParts(json: Record<string, unknown>, limits: ManifestLimits) {
  const { artifactType, annotations, subject, config, layers } = check(ImageSchema, json);
  checkLayers(limits, layers.length);
  const all = checkEach(DescriptorSchema, 'layers', layers);
  checkUrls(limits, all);
  const isForeign = ({ mediaType, urls }: z.infer<typeof DescriptorSchema>) =>
    NON_DISTRIBUTABLE.test(mediaType) && urls.length > 0;
  return {
    ...{ artifactType: artifactType || config.mediaType, annotations, subject, manifests: [] },
    blobs: [config, ...all.filter((layer) => !isForeign(layer))].map(descriptor),
    foreign: all.filter(isForeign).map((layer) => ({ ...descriptor(layer), urls: layer.urls })),
  };
}

/** All blobs that a manifest may need: those it requires, those that may be absent, those of a cache. */
export function allBlobs({ blobs, foreign, manifests }: Manifest): readonly Descriptor[] {
  return [...blobs, ...foreign, ...manifests.filter(mayBeBlob)];
}

/**
 * Whether an index may list this without it being a manifest. BuildKit's registry cache is an index of layers and a
 * configuration; what is said to be a manifest has to be one.
 */
export function mayBeBlob({ mediaType }: Descriptor): boolean {
  return !isManifestMediaType(mediaType) && !mediaType.startsWith(SCHEMA_1);
}

/** Media types that a manifest is pushed and pulled as. */
export function isManifestMediaType(mediaType: string): boolean {
  return ([...IMAGE_TYPES, ...INDEX_TYPES] as readonly string[]).includes(mediaType);
}

function mediaTypeOf(json: Record<string, unknown>, contentType: string | undefined): string {
  const own = typeof json['mediaType'] === 'string' && json['mediaType'] ? json['mediaType'] : undefined;
  if (own !== undefined && contentType !== undefined && own !== contentType)
    throw invalid(
      `Content-Type is ${contentType}, but the manifest's own mediaType is ${own}: send the same in both`,
    );
  const mediaType = own ?? contentType ?? deriveMediaType(json);
  if (!isManifestMediaType(mediaType))
    throw invalid(
      `media type ${mediaType.slice(0, 255)} is not one of ${[...IMAGE_TYPES, ...INDEX_TYPES].join(', ')}`,
    );
  // CVE-2021-41190: one document that two readers may read as two different things.
  if ((has(json, 'manifests') || isIndexType(mediaType)) && (has(json, 'config') || has(json, 'layers')))
    throw invalid('a manifest has either "manifests" or "config" and "layers", not both');
  // Media types are not stored: an index that lists nothing would be read back as an image.
  if (own === undefined && isIndexType(mediaType) && !isIndexType(deriveMediaType(json)))
    throw invalid(
      `without "manifests" this cannot be recognized as an index: add "mediaType": "${mediaType}"`,
    );
  return mediaType;
}

function has(json: Record<string, unknown>, name: string): boolean {
  return json[name] !== undefined && json[name] !== null;
}

function isIndexType(mediaType: string): boolean {
  return (INDEX_TYPES as readonly string[]).includes(mediaType);
}

/** The type of a manifest that does not say: an index has "manifests" (Distribution derives it so, too). */
export function deriveMediaType(json: Record<string, unknown>): string {
  return Array.isArray(json['manifests']) ? INDEX_TYPES[0] : IMAGE_TYPES[0];
}

/** The JSON object that these bytes are; throws MANIFEST_INVALID for anything else. */
export function parseJsonObject(bytes: Buffer): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return json as Record<string, unknown>;
  } catch {
    // refused below
  }
  throw invalid('the body is not a JSON object in UTF-8');
}

function descriptor(of: z.infer<typeof DescriptorSchema>): Descriptor {
  return { mediaType: of.mediaType, digest: of.digest, sizeBytes: of.size };
}

import { type Digest, digestOf, isDigest, type Sha256Digest } from './digest.ts';
import { RegistryError } from './errors.ts';
import {
  type Descriptor,
  deriveMediaType,
  type Manifest,
  parseJsonObject,
  parseManifest,
  SCHEMA_1,
} from './manifest.ts';
import { textsOf } from './manifest-schema.ts';

/**
 * Reads a manifest that is in the store. A manifest that another registry accepted is served unchanged, even if a push of
 * it would be refused here (Docker schema 1 in buckets of Distribution 2.x, OCI's short-lived artifact manifest): its type
 * is derived, and everything that it may refer to counts as referenced. Throws when the bytes are not a JSON object.
 */
export function readStoredManifest(bytes: Buffer, digest: Digest, canonicalDigest: Sha256Digest): Manifest {
  try {
    return { ...parseManifest(bytes), digest, canonicalDigest };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
  }
  const json = jsonOrDamaged(bytes, canonicalDigest);
  return {
    digest,
    canonicalDigest,
    bytes,
    mediaType: typeOf(json),
    artifactType: typeof json['artifactType'] === 'string' ? json['artifactType'] : undefined,
    annotations: textsOf(json['annotations']),
    blobs: [
      ...[json['config'], json['layers'], json['blobs']].flatMap(descriptorsIn),
      ...fsLayersIn(json['fsLayers']),
    ],
    foreign: [],
    manifests: descriptorsIn(json['manifests']).map((child) => ({ ...child, platform: undefined })),
    subject: descriptorsIn(json['subject'])[0],
  };
}

const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/;

function jsonOrDamaged(bytes: Buffer, canonicalDigest: Sha256Digest): Record<string, unknown> {
  try {
    return parseJsonObject(bytes);
  } catch (error) {
    const actual = digestOf(bytes);
    const what = actual === canonicalDigest ? 'is no JSON object' : `is damaged: its bytes are ${actual}`;
    throw new Error(`the stored manifest ${canonicalDigest} ${what}`, { cause: error });
  }
}

function typeOf(json: Record<string, unknown>): string {
  const { schemaVersion, signatures, mediaType } = json;
  // Docker's image manifest version 2, schema 1; signed ones carry their signatures.
  if (schemaVersion === 1) return `${SCHEMA_1}${Array.isArray(signatures) ? 'prettyjws' : 'json'}`;
  return typeof mediaType === 'string' && MEDIA_TYPE.test(mediaType) ? mediaType : deriveMediaType(json);
}

function descriptorsIn(value: unknown): Descriptor[] {
  return (Array.isArray(value) ? value : [value]).flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null) return [];
    const { mediaType, digest, size } = item as Record<string, unknown>;
    if (typeof digest !== 'string' || !isDigest(digest)) return [];
    return [
      {
        mediaType: typeof mediaType === 'string' ? mediaType : '',
        digest,
        sizeBytes: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : undefined,
      },
    ];
  });
}

function fsLayersIn(value: unknown): Descriptor[] {
  if (!Array.isArray(value)) return [];
  return descriptorsIn(
    value.map((layer: unknown) => ({ digest: (layer as { blobSum?: unknown } | null)?.blobSum })),
  );
}

import { createHash } from 'node:crypto';
import { type Descriptor, descriptorOf, MEDIA_TYPES } from '../protocol/pushing.ts';
import { sha512 } from '../support/digest.ts';

/** Bytes that are always the same for the same label, and for no other. */
export function bytesOf(label: string, sizeBytes = 300): Buffer {
  const blocks = Array.from({ length: Math.ceil(sizeBytes / 64) }, (_, i) =>
    createHash('sha512').update(`${label} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

/** A manifest and what it names. */
export interface Made {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly descriptor: Descriptor;
  /** Configs and layers. */
  readonly blobs: readonly Buffer[];
}

/** An image of a config and as many layers. */
export function imageOf(label: string, layers = 1, more: object = {}): Made {
  const blobs = ['config', ...Array.from({ length: layers }, (_, i) => `layer ${i}`)].map((part) =>
    bytesOf(`${label} ${part}`),
  );
  const [config, ...rest] = blobs.map((bytes, i) =>
    descriptorOf(bytes, i === 0 ? MEDIA_TYPES.config : MEDIA_TYPES.layer),
  );
  return made({ config, layers: rest, ...more }, MEDIA_TYPES.image, blobs);
}

/** An image that names its blobs by SHA-512. */
export function image512Of(label: string): Made {
  const blobs = [bytesOf(`${label} config`), bytesOf(`${label} layer`)];
  const [config, ...layers] = blobs.map((bytes, i) => ({
    mediaType: i === 0 ? MEDIA_TYPES.config : MEDIA_TYPES.layer,
    digest: sha512(bytes),
    size: bytes.length,
  }));
  return made({ config, layers }, MEDIA_TYPES.image, blobs);
}

/** An index of manifests. */
export function indexOf(manifests: readonly Made[], more: object = {}): Made {
  return made({ manifests: manifests.map(({ descriptor }) => descriptor), ...more }, MEDIA_TYPES.index, []);
}

function made(value: object, mediaType: string, blobs: readonly Buffer[]): Made {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...value }));
  return { bytes, mediaType, descriptor: descriptorOf(bytes, mediaType), blobs };
}

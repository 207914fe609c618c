import { sha256 } from '../support/digest.ts';
import type { Random } from './random.ts';

const TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

const KIB = 1024;
const PLATFORMS = ['amd64', 'arm64'] as const;

/** Bytes and what a descriptor says of them. */
export interface Content {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly mediaType: string;
}

/** An image as a client pushes it: blobs first, then the manifests in this order; the last one gets the tag. */
export interface Image {
  readonly blobs: readonly Content[];
  readonly manifests: readonly Content[];
  readonly top: Content;
}

function content(mediaType: string, bytes: Buffer): Content {
  return { bytes, digest: sha256(bytes), mediaType };
}

function json(mediaType: string, value: Readonly<Record<string, unknown>>): Content {
  return content(mediaType, Buffer.from(JSON.stringify(value)));
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function descriptor({ mediaType, digest, bytes }: Content): Descriptor {
  return { mediaType, digest, size: bytes.length };
}

/** A config and the manifest that joins it to layers. */
function assemble(
  architecture: string,
  layers: readonly Descriptor[],
): { config: Content; manifest: Content } {
  const config = json(TYPES.config, {
    architecture,
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
  });
  const manifest = json(TYPES.manifest, {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: descriptor(config),
    layers,
  });
  return { config, manifest };
}

/** An image of one layer that is in the registry already; its blobs are those that are still to be pushed. */
export function imageOf(layerDigest: string, sizeBytes: number): Image {
  const layer = { mediaType: TYPES.layer, digest: layerDigest, size: sizeBytes };
  const { config, manifest } = assemble('amd64', [layer]);
  return { blobs: [config], manifests: [manifest], top: manifest };
}

/** A layer that is large enough to be redirected, and small enough to be pushed in a moment. */
export function makeLayer(random: Random): Content {
  return content(TYPES.layer, random.bytes(random.int(100 * KIB, 300 * KIB)));
}

function makePlatform(random: Random, base: Content, architecture: string): Image {
  const layers = [base, makeLayer(random)];
  const { config, manifest } = assemble(architecture, layers.map(descriptor));
  return { blobs: [...layers, config], manifests: [manifest], top: manifest };
}

/** An image of one new layer on a base that other images share; of two platforms under one index if asked for. */
export function makeImage(random: Random, base: Content, multi: boolean): Image {
  if (!multi) return makePlatform(random, base, 'amd64');
  const images = PLATFORMS.map((architecture) => ({
    architecture,
    image: makePlatform(random, base, architecture),
  }));
  const top = json(TYPES.index, {
    schemaVersion: 2,
    mediaType: TYPES.index,
    manifests: images.map(({ architecture, image }) => ({
      ...descriptor(image.top),
      platform: { architecture, os: 'linux' },
    })),
  });
  const blobs = new Map(images.flatMap(({ image }) => image.blobs.map((blob) => [blob.digest, blob])));
  return { blobs: [...blobs.values()], manifests: [...images.map(({ image }) => image.top), top], top };
}

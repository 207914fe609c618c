import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Blob, descriptor, LayoutWriter, layoutBlobPath } from '../support/layout-writer.ts';

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';

const MB = 1_000_000;
const LABELS = 12;

/** Where the image is pulled from, and where it is pushed to in a registry that has candidates. */
export const STABLE = 'bench/app';
export const CANDIDATE = 'candidate/bench/app';
export const TAG = 'v1';

/** An image as small as its manifest allows, and a large blob that belongs to none and so is on no mirror. */
export interface BenchImage {
  readonly manifest: Blob & { readonly bytes: Buffer };
  /** About a kilobyte, as configs are. */
  readonly config: Blob;
  /** Large enough to be redirected. */
  readonly layer: Blob;
  readonly large: Blob | undefined;
  /** The file with a blob's bytes. */
  fileOf(blob: Blob): string;
}

/** Writes the image to a directory. */
export async function makeBenchImage(directory: string, options: { large: boolean }): Promise<BenchImage> {
  const writer = await LayoutWriter.create(directory);
  const layers = await Promise.all(
    [MB, 1000, 1000, 1000, 1000].map((size) => writer.blob(randomBytes(size), LAYER_TYPE)),
  );
  const [layer] = layers;
  if (layer === undefined) throw new Error('an image has a layer');
  const config = await writer.blob(Buffer.from(JSON.stringify(configOf(layers))), CONFIG_TYPE);
  const manifest = await writer.manifest({
    mediaType: MANIFEST_TYPE,
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  const fileOf = (blob: Blob) => layoutBlobPath(directory, blob.digest);
  return {
    manifest: { ...manifest, bytes: await readFile(fileOf(manifest)) },
    config,
    layer,
    large: options.large ? await writer.blob(randomBytes(100 * MB), LAYER_TYPE) : undefined,
    fileOf,
  };
}

/** All blobs that the manifest names. */
export function blobsOf({ manifest }: BenchImage): Blob[] {
  const parsed = JSON.parse(manifest.bytes.toString()) as Record<'config', Descriptor> & {
    layers: Descriptor[];
  };
  return [parsed.config, ...parsed.layers].map(({ size, ...rest }) => ({ ...rest, sizeBytes: size }));
}

type Descriptor = ReturnType<typeof descriptor>;

function configOf(layers: readonly Blob[]) {
  const labels = Array.from({ length: LABELS }, (_, i) => [
    `org.example.label.${i}`,
    randomUUID().slice(0, 8),
  ]);
  return {
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['/bin/sh'], Labels: Object.fromEntries(labels) },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
  };
}

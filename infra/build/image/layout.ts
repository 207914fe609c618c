import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, type Layer } from './layer.ts';

const OCI = 'application/vnd.oci.image';

export interface ImageParts {
  readonly layers: readonly Layer[];
  /** The image configuration, without what follows from the layers. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Such as `roadstead:1.2.3`. */
  readonly name: string;
}

/**
 * Writes an image as an OCI image layout (image-layout.md of the OCI image specification), with one file more,
 * `manifest.json`: `docker load` before version 25 reads only that. Returns the digest of the manifest.
 */
export async function writeLayout(directory: string, image: ImageParts): Promise<string> {
  const { layers, annotations, name } = image;
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true });
  const blob = async (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes);
    await writeFile(join(directory, pathOf(digest)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const described = await Promise.all(layers.map(({ bytes }) => blob(`${OCI}.layer.v1.tar+gzip`, bytes)));
  const config = await blob(
    `${OCI}.config.v1+json`,
    json({ ...image.config, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } }),
  );
  const manifest = await blob(
    `${OCI}.manifest.v1+json`,
    json({
      ...{ schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json` },
      ...{ config, layers: described, annotations },
    }),
  );
  const names = {
    'org.opencontainers.image.ref.name': name,
    // The name that containerd and docker give to it.
    'io.containerd.image.name': `docker.io/library/${name}`,
  };
  const index = {
    ...{ schemaVersion: 2, mediaType: `${OCI}.index.v1+json` },
    manifests: [{ ...manifest, annotations: names }],
  };
  await writeFile(join(directory, 'index.json'), json(index));
  await writeFile(join(directory, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  const forDocker = {
    Config: pathOf(config.digest),
    RepoTags: [name],
    Layers: described.map(({ digest }) => pathOf(digest)),
  };
  await writeFile(join(directory, 'manifest.json'), json([forDocker]));
  return manifest.digest;
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

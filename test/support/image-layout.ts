import { randomFillSync, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants } from 'node:zlib';
import { type Blob, descriptor, type Layer, LayoutWriter } from './layout-writer.ts';
import { findProgram } from './programs.ts';
import { makeTar } from './tar.ts';

const MEDIA_TYPE = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
  sbom: 'application/spdx+json',
} as const;

const MIB = 1024 * 1024;
const CREATED = '2024-01-01T00:00:00Z';
const PLATFORMS = ['amd64', 'arm64'] as const;

export type Platform = (typeof PLATFORMS)[number];
export type LayoutTag = Platform | 'multi' | 'sbom';

/** What was written to a layout's directory. All blobs but the empty config are unique to this one layout. */
export interface ImageLayout {
  readonly directory: string;
  /** Tag to manifest digest, as in the layout's `index.json`. */
  readonly tags: Readonly<Record<LayoutTag, string>>;
  readonly digests: Readonly<Record<Platform | 'multi' | 'artifact', string>>;
  /** All layers and configs, of both platforms and the artifact, each once. */
  readonly blobs: readonly Blob[];
  /** In order. The first is the platform's own; the random ones are shared by both platforms. */
  readonly layers: Readonly<Record<Platform, readonly Blob[]>>;
  readonly configs: Readonly<Record<Platform, Blob>>;
}

/** A small first layer, different for each platform and layout; it can be run where a static busybox is at hand. */
async function baseTar(platform: Platform): Promise<Buffer> {
  const label = { name: 'etc/build', content: Buffer.from(`${platform} ${randomUUID()}\n`) };
  const busybox = findProgram('busybox');
  if (busybox === undefined) return makeTar([{ name: 'etc/' }, label]);
  return makeTar([
    { name: 'etc/' },
    label,
    { name: 'bin/' },
    { name: 'bin/busybox', content: await readFile(busybox), mode: 0o755 },
    ...['sh', 'ls', 'cat', 'uname'].map((name) => ({ name: `bin/${name}`, linkTo: 'busybox', mode: 0o777 })),
  ]);
}

/**
 * Writes an OCI image layout of an always equal shape with content that exists nowhere else, so that no client or
 * registry can have it already: an index of two images (`multi`, and `amd64`, `arm64` by themselves) with a small
 * first layer and one of random bytes for each size asked for, and an artifact (`sbom`) whose subject is the amd64
 * image. Nothing is compressed that is random, so a blob's size is the size asked for, give or take a few KiB.
 */
export async function makeImageLayout(
  directory: string,
  { layerSizesMib = [1] }: { layerSizesMib?: readonly number[] } = {},
): Promise<ImageLayout> {
  const writer = await LayoutWriter.create(directory);

  const randomLayers: Layer[] = [];
  for (const [index, sizeMib] of layerSizesMib.entries()) {
    const content = randomFillSync(Buffer.allocUnsafe(Math.round(sizeMib * MIB)));
    const tar = makeTar([{ name: `data/random-${index}`, content }]);
    randomLayers.push(await writer.layer(tar, constants.Z_NO_COMPRESSION));
  }

  const makeImage = async (platform: Platform) => {
    const base = await writer.layer(await baseTar(platform), constants.Z_BEST_SPEED);
    const layers = [base, ...randomLayers];
    const config = await writer.blob(
      Buffer.from(
        JSON.stringify({
          architecture: platform,
          os: 'linux',
          created: CREATED,
          config: { Cmd: ['/bin/sh'] },
          rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
        }),
      ),
      MEDIA_TYPE.config,
    );
    const manifest = await writer.manifest({
      mediaType: MEDIA_TYPE.manifest,
      config: descriptor(config),
      layers: layers.map(descriptor),
    });
    return { platform, manifest, config, layers: layers.map(({ diffId: _, ...blob }): Blob => blob) };
  };
  const amd64 = await makeImage('amd64');
  const arm64 = await makeImage('arm64');

  const index = await writer.manifest({
    mediaType: MEDIA_TYPE.index,
    manifests: [amd64, arm64].map(({ manifest, platform }) => ({
      ...descriptor(manifest),
      platform: { architecture: platform, os: 'linux' },
    })),
  });

  const emptyConfig = await writer.blob(Buffer.from('{}'), MEDIA_TYPE.empty);
  const sbom = Buffer.from(JSON.stringify({ spdxVersion: 'SPDX-2.3', name: randomUUID() }));
  const artifact = await writer.manifest({
    mediaType: MEDIA_TYPE.manifest,
    artifactType: MEDIA_TYPE.sbom,
    config: descriptor(emptyConfig),
    layers: [descriptor(await writer.blob(sbom, MEDIA_TYPE.sbom))],
    subject: descriptor(amd64.manifest),
    annotations: { 'org.opencontainers.image.created': CREATED },
  });

  const tagged = { multi: index, amd64: amd64.manifest, arm64: arm64.manifest, sbom: artifact };
  const manifests = Object.entries(tagged).map(([tag, manifest]) => ({
    ...descriptor(manifest),
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }));
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));

  const digests = { amd64: amd64.manifest.digest, arm64: arm64.manifest.digest, multi: index.digest };
  return {
    directory,
    tags: { ...digests, sbom: artifact.digest },
    digests: { ...digests, artifact: artifact.digest },
    blobs: [...writer.blobs.values()],
    layers: { amd64: amd64.layers, arm64: arm64.layers },
    configs: { amd64: amd64.config, arm64: arm64.config },
  };
}

import { randomFillSync, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:zlib';
import { Content, type Descriptor, EMPTY_CONFIG, Image } from './image.ts';
import { type Layer, LayoutWriter } from './layout-writer.ts';
import { configOf, platformIndexOf } from './platforms.ts';
import { findProgram } from './programs.ts';
import { makeTar } from './tar.ts';

const SBOM = 'application/spdx+json';
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
  readonly blobs: readonly Descriptor[];
  /** In order. The first is the platform's own; the random ones are shared by both platforms. */
  readonly layers: Readonly<Record<Platform, readonly Descriptor[]>>;
  readonly configs: Readonly<Record<Platform, Descriptor>>;
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
    const all = [base, ...randomLayers];
    const diffIds = all.map(({ diffId }) => diffId);
    const config = await writer.blob(
      configOf(platform, diffIds, { created: CREATED, config: { Cmd: ['/bin/sh'] } }),
    );
    return writer.manifest(new Image({ config, layers: all.map(({ descriptor }) => descriptor) }));
  };
  const amd64 = await makeImage('amd64');
  const arm64 = await makeImage('arm64');
  const multi = await writer.manifest(platformIndexOf({ amd64, arm64 }));

  const document = Buffer.from(JSON.stringify({ spdxVersion: 'SPDX-2.3', name: randomUUID() }));
  const sbom = await writer.manifest(
    new Image({
      artifactType: SBOM,
      config: await writer.blob(EMPTY_CONFIG),
      layers: [await writer.blob(new Content(document, SBOM))],
      subject: amd64,
      annotations: { 'org.opencontainers.image.created': CREATED },
    }),
  );
  await writer.finish({ multi, amd64, arm64, sbom });

  const digests = { amd64: amd64.digest, arm64: arm64.digest, multi: multi.digest };
  return {
    directory,
    tags: { ...digests, sbom: sbom.digest },
    digests: { ...digests, artifact: sbom.digest },
    blobs: [...writer.blobs.values()],
    layers: { amd64: amd64.layers, arm64: arm64.layers },
    configs: { amd64: amd64.config, arm64: arm64.config },
  };
}

import { randomUUID } from 'node:crypto';
import { newBytes } from '../support/bytes.ts';
import { Content, type Descriptor, Image } from '../support/image.ts';
import { LayoutWriter, layoutBlobPath } from '../support/layout-writer.ts';
import { configOf } from '../support/platforms.ts';

const MB = 1_000_000;
const LABELS = 12;

/** Where the image is pulled from, and where it is pushed to in a registry that has candidates. */
export const STABLE = 'bench/app';
export const CANDIDATE = 'candidate/bench/app';
export const TAG = 'v1';

/** An image as small as its manifest allows, and a large blob that belongs to none and so is on no mirror. */
export interface BenchImage {
  readonly manifest: Image;
  /** Large enough to be redirected. */
  readonly layer: Descriptor;
  readonly large: Descriptor | undefined;
  /** The file with a blob's bytes. */
  fileOf(blob: Descriptor): string;
}

/** Writes the image to a directory. */
export async function makeBenchImage(directory: string, options: { large: boolean }): Promise<BenchImage> {
  const writer = await LayoutWriter.create(directory);
  const layers = await Promise.all(
    [MB, 1000, 1000, 1000, 1000].map((size) => writer.blob(new Content(newBytes(size)))),
  );
  const [layer] = layers;
  if (layer === undefined) throw new Error('an image has a layer');
  return {
    manifest: await writer.manifest(new Image({ config: await writer.blob(labelled(layers)), layers })),
    layer,
    large: options.large ? await writer.blob(new Content(newBytes(100 * MB))) : undefined,
    fileOf: (blob) => layoutBlobPath(directory, blob.digest),
  };
}

/** A config of about a kilobyte, as configs are. */
function labelled(layers: readonly Descriptor[]): Content {
  const labels = Array.from({ length: LABELS }, (_, i) => [
    `org.example.label.${i}`,
    randomUUID().slice(0, 8),
  ]);
  return configOf(
    'amd64',
    layers.map(({ digest }) => digest),
    { config: { Cmd: ['/bin/sh'], Labels: Object.fromEntries(labels) } },
  );
}

import { Content, type Descriptor, Image } from '../support/image.ts';
import { type Bundle, bundleOf, configOf } from '../support/platforms.ts';
import type { Random } from './random.ts';

const KIB = 1024;

/** An image of one layer that is in the registry already, and so is not among what is to be pushed. */
export function imageOf(layer: Descriptor): Bundle {
  const config = configOf('amd64', [layer.digest]);
  return { blobs: [config], children: [], top: new Image({ config, layers: [layer] }) };
}

/** A layer that is large enough to be redirected, and small enough to be pushed in a moment. */
export function makeLayer(random: Random): Content {
  return new Content(random.bytes(random.int(100 * KIB, 300 * KIB)));
}

/** An image of one new layer on a base that other images share; of two platforms under one index if asked for. */
export function makeImage(random: Random, base: Content, multi: boolean): Bundle {
  const platform = (architecture: string) => {
    const layers = [base, makeLayer(random)];
    const config = configOf(
      architecture,
      layers.map(({ digest }) => digest),
    );
    return new Image({ config, layers });
  };
  return bundleOf({ amd64: platform('amd64'), ...(multi && { arm64: platform('arm64') }) });
}

import { bytesOf } from '../support/bytes.ts';
import type { Algorithm } from '../support/digest.ts';
import { Content, type Descriptor, Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';

/** An image of a config and as many layers, which names them by an algorithm. */
export function imageOf(
  label: string,
  layers = 1,
  { algorithm = 'sha256', ...more }: { algorithm?: Algorithm; subject?: Descriptor } = {},
): Image<Content> {
  const blob = (part: string, mediaType: string) =>
    new Content(bytesOf(`${label} ${part}`), mediaType, algorithm);
  return new Image({
    config: blob('config', MEDIA_TYPES.config),
    layers: Array.from({ length: layers }, (_, i) => blob(`layer ${i}`, MEDIA_TYPES.layer)),
    ...more,
  });
}

/** An index of manifests. */
export function indexOf(manifests: readonly Content[]): Content {
  return manifestOf(MEDIA_TYPES.index, { manifests });
}

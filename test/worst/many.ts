import { MANIFEST_MAX_BYTES } from '../../services/registry/oci/manifest.ts';
import { Content, MEDIA_TYPES } from '../support/image.ts';

/** The shortest descriptor of something that is nowhere. */
export const absent = (i: number) => `{"mediaType":"a/b","digest":"sha256:${hex(i)}","size":1}`;

const hex = (i: number) => i.toString(16).padStart(64, '0');

/** An index of children, by the JSON of each: `most` of them, or as many as a manifest's bytes allow. */
export function indexOf(child: (i: number) => string, most = Number.POSITIVE_INFINITY): Content {
  return filled('"manifests":[', child, most, MEDIA_TYPES.index);
}

/** An image of layers, by the JSON of each: `most` of them, or as many as a manifest's bytes allow. */
export function imageOf(
  config: object,
  layer: (i: number) => string,
  most = Number.POSITIVE_INFINITY,
): Content {
  return filled(`"config":${JSON.stringify(config)},"layers":[`, layer, most, MEDIA_TYPES.image);
}

function filled(open: string, each: (i: number) => string, most: number, mediaType: string): Content {
  const head = `{"schemaVersion":2,"mediaType":"${mediaType}",${open}`;
  const parts: string[] = [];
  let sizeBytes = head.length + 2;
  for (let i = 0; i < most; i++) {
    const part = each(i);
    sizeBytes += part.length + 1;
    if (sizeBytes > MANIFEST_MAX_BYTES) break;
    parts.push(part);
  }
  return new Content(Buffer.from(`${head}${parts.join(',')}]}`), mediaType);
}

import { Content, type Descriptor, type Image, MEDIA_TYPES, manifestOf } from './image.ts';

/** The config of an image that runs on an architecture; `diffIds` are the digests of its layers, uncompressed. */
export function configOf(architecture: string, diffIds: readonly string[], more: object = {}): Content {
  const json = { architecture, os: 'linux', ...more, rootfs: { type: 'layers', diff_ids: diffIds } };
  return new Content(Buffer.from(JSON.stringify(json)), MEDIA_TYPES.config);
}

/** An index of images, by the architecture on which they run. */
export function platformIndexOf(images: Readonly<Record<string, Descriptor>>): Content {
  const manifests = Object.entries(images).map(([architecture, image]) => ({
    ...image,
    platform: { architecture, os: 'linux' },
  }));
  return manifestOf(MEDIA_TYPES.index, { manifests });
}

/** All that a tag leads to, as clients push it: blobs, then the children of `top`, then `top`, which gets the tag. */
export interface Bundle {
  /** Configs and layers, each once. */
  readonly blobs: readonly Content[];
  /** Manifests that `top` lists; none for an image of one platform. */
  readonly children: readonly Content[];
  readonly top: Content;
}

/** Images by architecture: under an index, unless there is only one. */
export function bundleOf(images: Readonly<Record<string, Image<Content>>>): Bundle {
  const all = Object.values(images);
  const blobs = [...new Map(all.flatMap((image) => image.blobs.map((blob) => [blob.digest, blob]))).values()];
  const [only, ...others] = all;
  if (only && others.length === 0) return { blobs, children: [], top: only };
  return { blobs, children: all, top: platformIndexOf(images) };
}

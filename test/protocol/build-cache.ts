import { newBytes } from '../support/bytes.ts';
import { type Content, type Descriptor, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { pushBlob, pushManifest } from './pushing.ts';

/** A build cache that was pushed. */
export interface BuildCache {
  readonly digest: string;
  readonly bytes: Buffer;
  /** Layers, then the configuration. */
  readonly blobs: readonly Descriptor[];
}

/** The type of the last entry of an index that is a cache. */
export const CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0';

/** The index that BuildKit (0.16.0, `--export-cache type=registry`) writes for these blobs, member by member. */
export function cacheIndex(blobs: readonly Descriptor[]): Content {
  const manifests = blobs.map((blob) =>
    blob.mediaType === CACHE_CONFIG
      ? blob
      : {
          ...blob,
          annotations: {
            'buildkit/createdat': '2024-05-05T05:05:05.044891499Z',
            'containerd.io/uncompressed': blob.digest,
          },
        },
  );
  return manifestOf(MEDIA_TYPES.index, { manifests });
}

/** Pushes two new layers, a configuration, and their index. */
export async function pushBuildCache(url: string, name: string, tag: string): Promise<BuildCache> {
  const blobs = [
    await pushBlob(url, name, newBytes()),
    await pushBlob(url, name, newBytes(100_000)),
    await pushBlob(url, name, newBytes(500), CACHE_CONFIG),
  ];
  const index = cacheIndex(blobs);
  await pushManifest(url, name, index, tag);
  return { digest: index.digest, bytes: index.bytes, blobs };
}

import { expect } from 'chai';
import { type Descriptor, descriptorOf, MEDIA_TYPES, newBytes, pushBlob, putManifest } from './pushing.ts';

/** A build cache that was pushed. */
export interface BuildCache extends Descriptor {
  readonly bytes: Buffer;
  /** Layers, then the configuration. */
  readonly blobs: readonly Descriptor[];
}

/** The type of the last entry of an index that is a cache. */
export const CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0';

/** The index that BuildKit (0.16.0, `--export-cache type=registry`) writes for these blobs, member by member. */
export function cacheIndex(blobs: readonly Descriptor[]): Buffer {
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
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }));
}

/** Pushes two new layers, a configuration, and their index. */
export async function pushBuildCache(url: string, name: string, tag: string): Promise<BuildCache> {
  const blobs = [
    await pushBlob(url, name, newBytes()),
    await pushBlob(url, name, newBytes(100_000)),
    await pushBlob(url, name, newBytes(500), CACHE_CONFIG),
  ];
  const bytes = cacheIndex(blobs);
  const answer = await putManifest(url, name, tag, bytes, MEDIA_TYPES.index);
  expect(answer.status, answer.body.toString()).to.equal(201);
  return { ...descriptorOf(bytes, MEDIA_TYPES.index), bytes, blobs };
}

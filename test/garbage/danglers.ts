import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import type { MemoryStore } from '../support/memory-store.ts';

/** Links that lead nowhere, and manifests that name blobs that are not there, found as plainly as can be. */
export function danglers({ held }: MemoryStore): string[] {
  const text = (key: string) => held.get(key)?.bytes.toString('utf8') ?? '';
  const isThere = (digest: string) => held.has(blobDataKey(digest as Sha256Digest));
  return [...held.keys()].flatMap((key) => {
    if (!key.endsWith('/link')) return [];
    if (key.includes('/_layers/')) return isThere(text(key)) ? [] : [key];
    if (key.endsWith('/current/link')) {
      const revision = key.replace(/tags\/.*/, `revisions/${text(key).replace(':', '/')}/link`);
      return held.has(revision) ? [] : [key];
    }
    if (!key.includes('/revisions/sha256/')) return [];
    if (!isThere(text(key))) return [key];
    const { layers } = JSON.parse(text(blobDataKey(text(key) as Sha256Digest))) as {
      layers: { digest: string }[];
    };
    return layers.flatMap(({ digest }) => (isThere(digest) ? [] : [`${key} ${digest}`]));
  });
}

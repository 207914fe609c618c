import type { Sha256Digest } from '../oci/digest.ts';
import { BLOBS_PREFIX, blobDataKey } from '../storage/layout.ts';
import { digestOfData } from '../storage/layout-read.ts';
import { type Scope, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';

/** Lists the stored blobs; if asked to, reads each to its end. */
export function checkBlobs(scope: Scope): AsyncGenerator<Finding> {
  const { reader, blobs, deep } = scope;
  return reader.each(
    reader.keys(BLOBS_PREFIX),
    async (key) => {
      const digest = digestOfData(key);
      if (digest === undefined) return [strayFinding(key)];
      const stat = await reader.stat(key);
      // It was deleted since it was listed.
      if (stat === undefined) return [];
      blobs.found(digest, stat.sizeBytes);
      return deep ? checkBytes(scope, digest) : [];
    },
    deep ? 'whole' : 'small',
  );
}

/** Reads a blob to its end. */
export async function checkBytes({ reader }: Scope, digest: Sha256Digest): Promise<Finding[]> {
  const place = { key: blobDataKey(digest), digest };
  try {
    const actual = await reader.digest(place.key, digest);
    if (actual === undefined || actual === digest) return [];
    return [finding('blob-damaged', place, `The bytes of the blob are ${actual}`)];
  } catch (error) {
    return [finding('blob-unreadable', place, `The blob cannot be read (${String(error)})`)];
  }
}

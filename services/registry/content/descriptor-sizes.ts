import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { Descriptor } from '../oci/manifest.ts';
import type { BlobStat } from './blobs.ts';
import type { Integrity } from './integrity.ts';

/**
 * Throws SIZE_INVALID when a descriptor states another size than the blob has: clients would refuse the image, and only
 * the client that pushes it can mend it. A size of 0 counts as not stated. From then on the blob's own size is in doubt,
 * so that the next push sends its bytes again.
 */
export function checkSizes(
  descriptors: readonly Descriptor[],
  stats: ReadonlyMap<Digest, BlobStat>,
  integrity: Pick<Integrity, 'doubt'>,
): void {
  const differing = descriptors.flatMap(({ digest, sizeBytes: statedBytes }) => {
    const stat = stats.get(digest);
    if (stat === undefined || !statedBytes || stat.sizeBytes === statedBytes) return [];
    integrity.doubt(stat);
    return [{ digest, statedBytes, storedBytes: stat.sizeBytes }];
  });
  const [first] = differing;
  if (first === undefined) return;
  throw new RegistryError(
    'SIZE_INVALID',
    `the manifest says that ${first.digest} has ${first.statedBytes} bytes; the stored blob has ${first.storedBytes}: ` +
      'push again, which replaces the stored blob if it is damaged; if that does not help, the manifest is wrong',
    { blobs: differing.slice(0, 100) },
  );
}

import type { BlobStat } from '../../registry/content/blobs.ts';
import type { Content } from '../../registry/content/content.ts';
import type { Sha256Digest } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';

/**
 * A blob that a client may be told to be there, because no garbage collection takes it away before the client has
 * pushed what refers to it. `find` asks the store, after it was made sure that what is there stays; `use` does something
 * with the blob before the client is told. One that is being deleted counts as gone, also when that takes long: the
 * client uploads it then.
 */
export async function heldBlob(
  { blobs, quarantine }: Pick<Content, 'blobs' | 'quarantine'>,
  digest: Sha256Digest | undefined,
  find: () => Promise<BlobStat | undefined>,
  use?: (blob: BlobStat) => Promise<void>,
): Promise<BlobStat | undefined> {
  if (digest === undefined) return undefined;
  try {
    return await quarantine.pin([digest], async () => {
      const blob = await find();
      // Should its bytes be damaged, only those who push can mend it.
      if (blob === undefined || blobs.isDoubted(blob)) return undefined;
      await use?.(blob);
      return blob;
    });
  } catch (error) {
    if (error instanceof RegistryError && error.kind === 'UNAVAILABLE') return undefined;
    throw error;
  }
}

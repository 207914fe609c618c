import type { Sha256Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { BlobStat } from './blobs.ts';
import type { Content } from './content.ts';
import type { CommitRound } from './quarantine/guard.ts';

/**
 * A blob whose existence a client may rely on, because no garbage collection deletes it before the client has pushed what
 * refers to it. `find` asks the store, once it is certain that what is there stays; `use` does something with the blob
 * before the client is answered. A blob that is being deleted counts as absent, also when the deletion takes long: the
 * client uploads it then.
 */
export async function withPinnedBlob(
  { integrity, quarantine }: Pick<Content, 'integrity' | 'quarantine'>,
  digest: Sha256Digest | undefined,
  find: () => Promise<BlobStat | undefined>,
  use?: (blob: BlobStat, round: CommitRound<BlobStat | undefined>) => Promise<void>,
): Promise<BlobStat | undefined> {
  if (digest === undefined) return undefined;
  try {
    return await quarantine.pin([digest], {
      async verify() {
        const blob = await find();
        // If its bytes are damaged, only a client that pushes can mend them.
        return blob === undefined || integrity.isDoubted(blob) ? undefined : blob;
      },
      async commit(blob, round) {
        if (blob) await use?.(blob, round);
      },
    });
  } catch (error) {
    if (error instanceof RegistryError && error.kind === 'UNAVAILABLE') return undefined;
    throw error;
  }
}

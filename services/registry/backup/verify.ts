import { pMapIterable } from 'p-map';
import type { Sha256Digest } from '../oci/digest.ts';
import { BLOBS_PREFIX, blobDataKey } from '../storage/layout.ts';
import { digestOfData } from '../storage/layout-read.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { DamagedBlobError, verified } from './copier.ts';

const READS_AT_ONCE = 2;

/** Reads every blob of a store to its end, and yields those whose bytes do not have their digest. */
export async function* damagedBlobs(
  objects: ObjectStore,
  { onRead, signal }: { readonly onRead: (bytes: number) => void; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Sha256Digest> {
  const judged = pMapIterable(
    listAll(objects, { prefix: BLOBS_PREFIX }, signal),
    async ({ key }) => {
      const digest = digestOfData(key);
      return digest && { digest, isSound: await isSound(objects, digest, onRead, signal) };
    },
    { concurrency: READS_AT_ONCE },
  );
  for await (const found of judged) if (found && !found.isSound) yield found.digest;
}

async function isSound(
  objects: ObjectStore,
  digest: Sha256Digest,
  onRead: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const found = await objects.get(blobDataKey(digest), undefined, signal);
  // It was deleted after it was listed.
  if (found === undefined) return true;
  try {
    for await (const chunk of verified(found.body, digest)) onRead(chunk.length);
    return true;
  } catch (error) {
    if (error instanceof DamagedBlobError) return false;
    throw error;
  } finally {
    found.body.destroy();
  }
}

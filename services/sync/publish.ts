import pMap from 'p-map';
import type { Blobs } from '../registry/content/blobs.ts';
import type { Sha256Digest } from '../registry/oci/digest.ts';
import type { MirrorTarget, WantedBlob } from './targets/target.ts';

const BLOBS_AT_ONCE = 4;

/**
 * Sees to it that a mirror holds these blobs: what is there and right stays, the rest is written; and nothing counts
 * before it was read back from the mirror with the right size and SHA-256. Calls `onBlob` for each written one, and
 * answers with those that the store itself has lost: one of them must not keep a mirror from all that comes after.
 */
export async function publishBlobs(
  blobs: Blobs,
  target: MirrorTarget,
  wanted: readonly WantedBlob[],
  signal: AbortSignal,
  onBlob: (blob: WantedBlob) => void,
): Promise<Sha256Digest[]> {
  const lost: Sha256Digest[] = [];
  const work = pMap(
    wanted,
    async (blob) => {
      signal.throwIfAborted();
      if ((await target.verify(blob, signal)) === 'good') return;
      const read = await blobs.open(blob.digest, undefined, signal);
      if (read === undefined) {
        lost.push(blob.digest);
        return;
      }
      try {
        await target.write(blob, read.body, signal);
      } finally {
        read.body.destroy();
      }
      const found = await target.verify(blob, signal);
      if (found !== 'good') throw new Error(`${blob.digest} was written but reads back ${found}`);
      onBlob(blob);
    },
    // One blob's failure leaves the others to finish: a retry must not find them still being written.
    { concurrency: BLOBS_AT_ONCE, stopOnError: false },
  );
  await work.catch((error: unknown) => {
    throw error instanceof AggregateError ? error.errors[0] : error;
  });
  return lost;
}

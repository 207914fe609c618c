import pMap from 'p-map';
import type { Blobs } from '../registry/content/blobs.ts';
import type { Sha256Digest } from '../registry/oci/digest.ts';
import type { MirrorTarget, WantedBlob } from './targets/target.ts';

const BLOBS_AT_ONCE = 4;

/**
 * Makes sure that a mirror holds these blobs: correct ones stay, the rest is written. A blob counts only once it was read
 * back from the mirror with the right size and SHA-256. Calls `onBlob` for each blob written, and returns those that the
 * store itself has lost: they must not keep a mirror from everything that comes after.
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
      const read = await blobs.open(blob.digest, signal);
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
    // When one blob fails, the others finish: a retry must not find them still being written.
    { concurrency: BLOBS_AT_ONCE, stopOnError: false },
  );
  await work.catch((error: unknown) => {
    throw error instanceof AggregateError ? error.errors[0] : error;
  });
  return lost;
}

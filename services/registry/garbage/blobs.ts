import pMap from 'p-map';
import { DigestTable } from '../storage/digest-table.ts';
import { BLOBS_PREFIX } from '../storage/layout.ts';
import { digestOfData } from '../storage/layout-read.ts';
import type { MarkOptions } from './mark.ts';
import type { StrictReader } from './reader.ts';

const STATS_AT_ONCE = 16;

/** How many, and how large together. */
export interface Sum {
  blobs: number;
  bytes: number;
}

/** What becomes of the stored blobs. */
export interface Blobs {
  /** The sizes of those that go. */
  readonly doomed: DigestTable;
  readonly doomedBytes: number;
  /** How many something refers to. */
  readonly inUse: number;
  /** Those that nothing refers to, and that stay because they may belong to a push under way. */
  readonly young: Readonly<Sum>;
  /** Those that no repository refers to, and that stay because mirrors may serve them. */
  readonly published: Readonly<Sum>;
}

/** Divides the stored blobs. */
export async function planBlobs(
  reader: StrictReader,
  marked: DigestTable,
  publishedBlobs: DigestTable,
  { youngerThan }: MarkOptions,
): Promise<Blobs> {
  const doomed = new DigestTable();
  const [doomedSum, young, published] = [newSum(), newSum(), newSum()];
  let inUse = 0;
  await pMap(
    reader.keys(BLOBS_PREFIX),
    async (key) => {
      const digest = digestOfData(key);
      // What is not ours to know is not ours to delete.
      if (digest === undefined) return;
      if (marked.has(digest)) {
        inUse++;
        return;
      }
      const stat = await reader.objects.stat(key);
      if (stat === undefined) return;
      const { sizeBytes, modifiedAt } = stat;
      if (publishedBlobs.has(digest)) return add(published, sizeBytes);
      if (modifiedAt > youngerThan) return add(young, sizeBytes);
      doomed.set(digest, sizeBytes);
      add(doomedSum, sizeBytes);
    },
    { concurrency: STATS_AT_ONCE },
  );
  return { doomed, doomedBytes: doomedSum.bytes, inUse, young, published };
}

function newSum(): Sum {
  return { blobs: 0, bytes: 0 };
}

function add(sum: Sum, sizeBytes: number): void {
  sum.blobs++;
  sum.bytes += sizeBytes;
}

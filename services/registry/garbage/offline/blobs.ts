import pMap from 'p-map';
import { DigestTable } from '../../storage/digest-table.ts';
import { blobDataKey } from '../../storage/layout.ts';
import type { Planning } from './repository.ts';

const STATS_AT_ONCE = 16;

/** How many, and how large together. */
export interface Sum {
  blobs: number;
  bytes: number;
}

/** What becomes of the stored blobs. */
export interface Blobs {
  /** The blobs that go, with their sizes. */
  readonly toDelete: DigestTable;
  readonly bytesToDelete: number;
  /** How many are in use. */
  readonly inUse: number;
  /** Unreferenced, kept because they may belong to a push in progress. */
  readonly young: Readonly<Sum>;
  /** Referenced by no repository, kept because mirrors may serve them. */
  readonly published: Readonly<Sum>;
}

/** Divides the stored blobs. */
export async function planBlobs(planning: Planning): Promise<Blobs> {
  const { reader, youngerThan } = planning;
  const toDelete = new DigestTable();
  const [goes, young, published] = [newSum(), newSum(), newSum()];
  let inUse = 0;
  await pMap(
    reader.blobs(),
    async (digest) => {
      if (planning.inUse.has(digest)) return inUse++;
      const stat = await reader.stat(blobDataKey(digest));
      if (stat === undefined) return;
      const { sizeBytes, modifiedAt } = stat;
      if (planning.published.blobs.has(digest)) return add(published, sizeBytes);
      if (modifiedAt > youngerThan) return add(young, sizeBytes);
      toDelete.set(digest, sizeBytes);
      add(goes, sizeBytes);
    },
    { concurrency: STATS_AT_ONCE },
  );
  return { toDelete, bytesToDelete: goes.bytes, inUse, young, published };
}

function newSum(): Sum {
  return { blobs: 0, bytes: 0 };
}

function add(sum: Sum, sizeBytes: number): void {
  sum.blobs++;
  sum.bytes += sizeBytes;
}

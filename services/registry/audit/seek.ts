import type { ObjectStore } from '../storage/object-store.ts';
import { readBytes } from './end.ts';
import { type AuditRecord, decodeRecord } from './record.ts';

/** How far the clocks of nodes may differ before a search looks in the wrong place. */
export const CLOCKS_MS = 10 * 60_000;

/**
 * The first record after `first` up to `last` that is not known to be older than a time; `last + 1` if all are. A binary
 * search, so that it costs logarithmically many reads.
 */
export async function seekTime(
  objects: ObjectStore,
  { first, last }: { readonly first: number; readonly last: number },
  moment: Date,
  signal?: AbortSignal,
): Promise<number> {
  let [low, high] = [first, last + 1];
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const bytes = await readBytes(objects, middle, signal);
    const record = bytes && decodeRecord(bytes)?.record;
    // An unreadable record decides nothing: search too much rather than too little.
    if (record && timeOf(record) < moment.getTime() - CLOCKS_MS) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When a record was written: its newest entry's time, in milliseconds since 1970. */
export function timeOf({ entries }: AuditRecord): number {
  return Math.max(...entries.map(({ at }) => Date.parse(at)));
}

import type { ObjectStore } from '../storage/object-store.ts';
import { auditRecords } from './end.ts';
import { type AuditRecord, decodeRecord } from './record.ts';

/** How far the clocks of nodes may differ before a search ends in the wrong place. */
export const CLOCKS_MS = 10 * 60_000;

/**
 * The first record from `first` to `last` that is not known to be older than a moment; `last + 1` if all are older. A
 * binary search: the number of reads grows with the logarithm of the number of records.
 */
export async function seekTime(
  objects: ObjectStore,
  { first, last }: { readonly first: number; readonly last: number },
  moment: Date,
  signal?: AbortSignal,
): Promise<number> {
  const records = auditRecords(objects);
  let [low, high] = [first, last + 1];
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const bytes = await records.read(middle, signal);
    const record = bytes && decodeRecord(bytes)?.record;
    // A record that cannot be read counts as newer: better to return too many records than too few.
    if (record && timeOf(record) < moment.getTime() - CLOCKS_MS) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When a record was written: its newest entry's time, in milliseconds since 1970. */
export function timeOf({ entries }: AuditRecord): number {
  return Math.max(...entries.map(({ at }) => Date.parse(at)));
}

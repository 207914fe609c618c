import type { ObjectStore } from '../storage/object-store.ts';

/** What one request deletes at most: S3's limit. */
const KEYS_MAX = 1000;

/** Splits items into batches of what one request deletes. */
export function* batchesOf<T>(items: readonly T[], size = KEYS_MAX): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/** Deletes keys in their order, batch by batch; `mayChange` is asked before each, and throws to stop. */
export async function deleteInBatches(
  objects: ObjectStore,
  keys: readonly string[],
  mayChange: () => Promise<void> = async () => undefined,
): Promise<void> {
  for (const batch of batchesOf(keys)) {
    await mayChange();
    await objects.delete(batch);
  }
}

import type { ObjectStore } from './object-store.ts';

/** Keys in one call: bounds memory, and what is done again after a failure. */
const BATCH_KEYS = 1000;

/** Deletes objects in the order of their keys as given, batch after batch. Returns how many keys there were. */
export async function deleteAll(
  objects: Pick<ObjectStore, 'delete'>,
  keys: Iterable<string> | AsyncIterable<string>,
  signal?: AbortSignal,
): Promise<number> {
  let deleted = 0;
  let batch: string[] = [];
  const flush = async () => {
    await objects.delete(batch, signal);
    deleted += batch.length;
    batch = [];
  };
  for await (const key of keys) {
    batch.push(key);
    if (batch.length === BATCH_KEYS) await flush();
  }
  if (batch.length > 0) await flush();
  return deleted;
}

import type { Fence } from './fence.ts';
import type { ObjectStore } from './object-store.ts';

/** What one request deletes at most: S3's limit. Also bounds memory, and what a failure makes to be done again. */
const BATCH_KEYS = 1000;

export interface DeleteAllOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called before each batch; throws to stop. */
  readonly mayChange?: (() => Promise<void>) | undefined;
  /** Looked at by the store before each attempt. */
  readonly fence?: Fence | undefined;
  /** Called after each batch with its size. */
  readonly onDeleted?: ((objects: number) => void) | undefined;
  readonly batchKeys?: number;
}

/** Deletes objects in the order of the given keys, batch after batch. Returns how many keys there were. */
export async function deleteAll(
  objects: Pick<ObjectStore, 'delete'>,
  keys: Iterable<string> | AsyncIterable<string>,
  { signal, mayChange, fence, onDeleted, batchKeys = BATCH_KEYS }: DeleteAllOptions = {},
): Promise<number> {
  let deleted = 0;
  for await (const batch of batchesOf(keys, batchKeys)) {
    await mayChange?.();
    await objects.delete(batch, signal, { fence });
    deleted += batch.length;
    onDeleted?.(batch.length);
  }
  return deleted;
}

/** Splits items into batches; by default, each is what one request deletes. */
export async function* batchesOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  size = BATCH_KEYS,
): AsyncGenerator<T[], undefined> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

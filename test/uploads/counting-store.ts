import { Readable } from 'node:stream';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { intercepted } from '../support/intercepted.ts';

/** What was asked of a store. */
export interface Cost {
  calls: number;
  /** Of objects' content, as far as it passes through the store's caller or is copied by the store. */
  readBytes: number;
  writtenBytes: number;
}

/** A store, and what it was asked for since {@link CountingStore.take} was called last. */
export interface CountingStore {
  readonly store: ObjectStore;
  take(): Cost;
}

/** Counts calls of a store and the bytes that they read and write. A copy of several objects counts as written. */
export function countingStore(inner: ObjectStore): CountingStore {
  let cost = { calls: 0, readBytes: 0, writtenBytes: 0 };
  const counted = async function* (body: AsyncIterable<Buffer>, what: 'readBytes' | 'writtenBytes') {
    for await (const chunk of body) {
      cost[what] += chunk.length;
      yield chunk;
    }
  };
  const isBody = (arg: unknown): arg is AsyncIterable<Buffer> =>
    typeof arg === 'object' && arg !== null && Symbol.asyncIterator in arg;
  const store = intercepted(inner, async ({ name, args, proceed }) => {
    cost.calls++;
    for (const arg of args) if (Buffer.isBuffer(arg)) cost.writtenBytes += arg.length;
    const result = await proceed(args.map((arg) => (isBody(arg) ? counted(arg, 'writtenBytes') : arg)));
    if (name === 'read' && Buffer.isBuffer(result)) cost.readBytes += result.length;
    if (name === 'get' && hasBody(result))
      return { ...result, body: Readable.from(counted(result.body, 'readBytes')) };
    if (name === 'compose') cost.writtenBytes += await copiedBytes(inner, args[0] as string[]);
    return result;
  });
  return {
    store,
    take() {
      const taken = cost;
      cost = { calls: 0, readBytes: 0, writtenBytes: 0 };
      return taken;
    },
  };
}

function hasBody(result: unknown): result is { body: Readable } {
  return typeof result === 'object' && result !== null && 'body' in result;
}

/** A single source is copied by name, where the store can do that. */
async function copiedBytes(store: ObjectStore, sources: readonly string[]): Promise<number> {
  if (sources.length < 2) return 0;
  const stats = await Promise.all(sources.map((key) => store.stat(key)));
  return stats.reduce((sum, stat) => sum + (stat?.sizeBytes ?? 0), 0);
}

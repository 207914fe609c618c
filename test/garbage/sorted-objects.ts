import type {
  DeleteOptions,
  ListPage,
  ListRequest,
  PutOptions,
} from '../../services/registry/storage/object-store.ts';
import { MemoryStore } from '../support/memory-store.ts';

/**
 * {@link MemoryStore} for hundreds of thousands of objects: keeps its keys in order, so that a page costs what a page
 * costs, and counts what it is asked. Lists without a delimiter only below what was sorted; others as it always does.
 */
export class SortedObjects extends MemoryStore {
  #sorted: string[] = [];
  #isSorted = false;
  readonly requests: Record<'stat' | 'read' | 'list' | 'put' | 'delete', number> = {
    ...{ stat: 0, read: 0, list: 0, put: 0, delete: 0 },
  };
  keysListed = 0;
  keysDeleted = 0;
  onList: () => void = () => undefined;

  /** All requests. */
  get total(): number {
    return Object.values(this.requests).reduce((sum, count) => sum + count, 0);
  }

  /** Begins counting anew. */
  reset(): void {
    for (const name of Object.keys(this.requests) as (keyof typeof this.requests)[]) this.requests[name] = 0;
    this.keysListed = 0;
    this.keysDeleted = 0;
  }

  override hold(key: string, content: string | Buffer, modifiedAt: Date): void {
    if (!this.held.has(key)) this.#isSorted = false;
    super.hold(key, content, modifiedAt);
  }

  override stat(key: string) {
    this.requests.stat++;
    return super.stat(key);
  }

  override read(key: string, limitBytes: number) {
    this.requests.read++;
    return super.read(key, limitBytes);
  }

  override put(key: string, body: Buffer | AsyncIterable<Buffer>, options?: PutOptions) {
    this.requests.put++;
    return super.put(key, body, options);
  }

  override async delete(
    keys: readonly string[],
    signal?: AbortSignal,
    options?: DeleteOptions,
  ): Promise<void> {
    if (keys.length > 1000) throw new Error('no store deletes more than 1000 keys at once');
    this.requests.delete++;
    this.keysDeleted += keys.length;
    await super.delete(keys, signal, options);
  }

  override async list({ prefix, startAfter = '', delimiter, limit }: ListRequest): Promise<ListPage> {
    if (delimiter) throw new Error('not asked for');
    if (limit > 1000) throw new Error('no store lists more than 1000 keys at once');
    this.requests.list++;
    this.onList();
    if (!this.#isSorted) {
      // ASCII only: JavaScript's order is that of the bytes.
      this.#sorted = [...this.held.keys()].sort();
      this.#isSorted = true;
    }
    const from = startAfter > prefix ? startAfter : prefix;
    const keys: string[] = [];
    for (let at = this.#firstAfter(from); keys.length <= limit; at++) {
      const key = this.#sorted[at];
      if (key === undefined || !key.startsWith(prefix)) break;
      // Deleted since they were sorted.
      if (this.held.has(key) && key > startAfter) keys.push(key);
    }
    const page = keys.slice(0, limit);
    this.keysListed += page.length;
    return { keys: page, prefixes: [], next: keys.length > limit ? page.at(-1) : undefined };
  }

  #firstAfter(from: string): number {
    let low = 0;
    for (let high = this.#sorted.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? '') < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

import type { Writable } from 'node:stream';
import type {
  ByteRange,
  CreateOptions,
  DeleteOptions,
  ListPage,
  ListRequest,
  ObjectRead,
  ObjectStat,
  ObjectStore,
  PutOptions,
} from '../../services/registry/storage/object-store.ts';
import { gather } from '../support/gather.ts';
import { kindOf } from './key-kinds.ts';
import type { Life } from './life.ts';

/** In which order a backend deletes the keys of one call: the contract promises none. */
export type DeleteOrder = 'as-given' | 'reversed';

/** Marks the keys of one call that deletes several. */
export const TOGETHER = ', with others in one call';

export interface RecordingOptions {
  readonly deleteOrder?: DeleteOrder;
  /** True for a store whose objects cannot grow. */
  readonly isImmutable?: boolean | undefined;
  /** True for a store to which a request may still be on its way when its process has ended. */
  readonly isRemote?: boolean;
  /** Hears, before each write, the stack of who makes it. */
  readonly onWrite?: (stack: string) => void;
}

/**
 * A store as one process has it: each object that the process makes or deletes is a write of its {@link Life}. A body is
 * read to its end before its write counts, for that is when an object appears.
 */
export class RecordingStore implements ObjectStore {
  readonly writesEndWithProcess: boolean;
  readonly #inner: ObjectStore;
  readonly #life: Life;
  readonly #options: RecordingOptions;
  readonly grow?: NonNullable<ObjectStore['grow']>;

  constructor(inner: ObjectStore, life: Life, options: RecordingOptions = {}) {
    const { grow } = inner;
    if (grow && !options.isImmutable)
      this.grow = async (key, fromBytes, body) => {
        this.#hear();
        const bytes = await gather(body);
        return life.write(`grow ${kindOf(key)}`, () => grow.call(inner, key, fromBytes, inOrder(bytes)));
      };
    this.writesEndWithProcess = inner.writesEndWithProcess && !options.isRemote;
    this.#inner = inner;
    this.#life = life;
    this.#options = options;
  }

  stat(key: string): Promise<ObjectStat | undefined> {
    return this.#life.act(() => this.#inner.stat(key));
  }

  send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean> {
    return this.#life.act(() => this.#inner.send(key, range, sink));
  }

  get(key: string, range?: ByteRange): Promise<ObjectRead | undefined> {
    return this.#life.act(() => this.#inner.get(key, range));
  }

  read(key: string, limitBytes: number): Promise<Buffer | undefined> {
    return this.#life.act(() => this.#inner.read(key, limitBytes));
  }

  list(request: ListRequest): Promise<ListPage> {
    return this.#life.act(() => this.#inner.list(request));
  }

  async put(key: string, body: Buffer | AsyncIterable<Buffer>, options: PutOptions = {}): Promise<void> {
    this.#hear();
    const bytes = Buffer.isBuffer(body) ? body : Buffer.concat(await gather(body));
    options.fence?.check();
    await this.#life.write(`put ${kindOf(key)}`, () =>
      this.#inner.put(key, bytes, { ...options, fence: undefined }),
    );
  }

  putIfAbsent(
    key: string,
    body: Buffer,
    _signal?: AbortSignal,
    options: CreateOptions = {},
  ): Promise<'created' | 'exists'> {
    this.#hear();
    return this.#life.write(`putIfAbsent ${kindOf(key)}`, () =>
      this.#inner.putIfAbsent(key, body, undefined, options),
    );
  }

  compose(sources: readonly string[], target: string): Promise<void> {
    this.#hear();
    return this.#life.write(`compose ${kindOf(target)}`, () => this.#inner.compose(sources, target));
  }

  async delete(keys: readonly string[], _signal?: AbortSignal, options: DeleteOptions = {}): Promise<void> {
    this.#hear();
    const ordered = this.#options.deleteOrder === 'reversed' ? keys.toReversed() : keys;
    const together = keys.length > 1 ? TOGETHER : '';
    for (const key of ordered) {
      options.fence?.check();
      await this.#life.write(`delete ${kindOf(key)}${together}`, () =>
        this.#inner.delete([key], undefined, { ...options, fence: undefined }),
      );
    }
  }

  async urlOf(): Promise<string | undefined> {
    return undefined;
  }

  removeLeftovers(olderThan: Date): Promise<number> {
    this.#hear();
    return this.#life.write('remove leftovers', () => this.#inner.removeLeftovers(olderThan));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #hear(): void {
    this.#options.onWrite?.(new Error('a write').stack ?? '');
  }
}

async function* inOrder(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

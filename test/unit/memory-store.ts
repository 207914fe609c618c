import { Readable, type Writable } from 'node:stream';
import type {
  ByteRange,
  ListPage,
  ListRequest,
  ObjectRead,
  ObjectStat,
  ObjectStore,
} from '../../services/registry/object-store.ts';
import { listByHand } from '../contract/memory-twin.ts';
import { gather } from './gather.ts';

/** An object store as plain as can be, in memory: what the registry makes of one can be compared over two. */
export class MemoryStore implements ObjectStore {
  readonly #objects = new Map<string, Buffer>();

  async stat(key: string): Promise<ObjectStat | undefined> {
    const bytes = this.#objects.get(key);
    return bytes && { sizeBytes: bytes.length, modifiedAt: new Date(0) };
  }

  async send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean> {
    const bytes = this.#objects.get(key);
    if (bytes === undefined) return false;
    await new Promise<void>((resolve, reject) => {
      sink.write(cut(bytes, range), (error) => (error ? reject(error) : resolve()));
    });
    return true;
  }

  async get(key: string, range?: ByteRange): Promise<ObjectRead | undefined> {
    const bytes = this.#objects.get(key);
    if (bytes === undefined) return undefined;
    return { sizeBytes: bytes.length, modifiedAt: new Date(0), body: Readable.from([cut(bytes, range)]) };
  }

  async read(key: string, limitBytes: number): Promise<Buffer | undefined> {
    const bytes = this.#objects.get(key);
    if (bytes !== undefined && bytes.length > limitBytes) throw new Error(`${key} is too large`);
    return bytes;
  }

  async put(key: string, body: Buffer | AsyncIterable<Buffer>): Promise<void> {
    this.#objects.set(key, Buffer.isBuffer(body) ? body : Buffer.concat(await gather(body)));
  }

  async putIfAbsent(key: string, body: Buffer): Promise<'created' | 'exists'> {
    if (this.#objects.has(key)) return 'exists';
    this.#objects.set(key, body);
    return 'created';
  }

  async compose(sources: readonly string[], target: string): Promise<void> {
    const parts = sources.map((key) => this.#objects.get(key));
    if (parts.some((part) => part === undefined)) throw new Error('cannot compose what is not there');
    this.#objects.set(target, Buffer.concat(parts as Buffer[]));
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#objects.delete(key);
  }

  async list(request: ListRequest): Promise<ListPage> {
    return listByHand(this.#objects.keys(), request);
  }

  async urlOf(): Promise<undefined> {
    return undefined;
  }

  async removeLeftovers(): Promise<number> {
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function cut(bytes: Buffer, range: ByteRange | undefined): Buffer {
  return range ? bytes.subarray(range.first, range.last + 1) : bytes;
}

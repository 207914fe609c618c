import { Readable, type Writable } from 'node:stream';
import {
  type ByteRange,
  type DeleteOptions,
  type ListPage,
  type ListRequest,
  type ObjectRead,
  type ObjectStat,
  type ObjectStore,
  ObjectTooLargeError,
  type PutOptions,
} from '../../services/registry/storage/object-store.ts';
import { listByHand } from '../contract/memory-twin.ts';
import { gather } from './gather.ts';

/** An object of a {@link MemoryStore}. */
export interface Held {
  bytes: Buffer;
  readonly modifiedAt: Date;
}

/** The plainest object store, in memory. Tests may look at what it holds, and choose the times of objects. */
export class MemoryStore implements ObjectStore {
  readonly writesEndWithProcess: boolean = true;
  /** Several keys may name one object, as several names of a file do. */
  readonly held: Map<string, Held>;

  constructor(held: Iterable<readonly [string, Held]> = []) {
    this.held = new Map(held);
  }

  /** Puts an object with a time of its own. */
  hold(key: string, content: string | Buffer, modifiedAt = new Date()): void {
    this.held.set(key, { bytes: Buffer.from(content), modifiedAt });
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    const object = this.held.get(key);
    return object && { sizeBytes: object.bytes.length, modifiedAt: object.modifiedAt };
  }

  async send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean> {
    const bytes = this.held.get(key)?.bytes;
    if (bytes === undefined) return false;
    await new Promise<void>((resolve, reject) => {
      sink.write(cut(bytes, range), (error) => (error ? reject(error) : resolve()));
    });
    return true;
  }

  async get(key: string, range?: ByteRange): Promise<ObjectRead | undefined> {
    const object = this.held.get(key);
    if (object === undefined) return undefined;
    const { bytes, modifiedAt } = object;
    return { sizeBytes: bytes.length, modifiedAt, body: Readable.from([cut(bytes, range)]) };
  }

  async read(key: string, limitBytes: number): Promise<Buffer | undefined> {
    const bytes = this.held.get(key)?.bytes;
    if (bytes && bytes.length > limitBytes) throw new ObjectTooLargeError(key, bytes.length, limitBytes);
    return bytes;
  }

  async put(key: string, body: Buffer | AsyncIterable<Buffer>, options: PutOptions = {}): Promise<void> {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.concat(await gather(body));
    options.fence?.check();
    this.hold(key, bytes);
  }

  async putIfAbsent(key: string, body: Buffer): Promise<'created' | 'exists'> {
    if (this.held.has(key)) return 'exists';
    this.hold(key, body);
    return 'created';
  }

  async compose(sources: readonly string[], target: string): Promise<void> {
    const parts = sources.map((key) => {
      const bytes = this.held.get(key)?.bytes;
      if (bytes === undefined) throw new Error(`cannot compose: there is no ${key}`);
      return bytes;
    });
    this.hold(target, Buffer.concat(parts));
  }

  async delete(keys: readonly string[], _signal?: AbortSignal, options: DeleteOptions = {}): Promise<void> {
    for (const key of keys) {
      options.fence?.check();
      this.held.delete(key);
    }
  }

  async list(request: ListRequest): Promise<ListPage> {
    return listByHand(this.held.keys(), request);
  }

  async urlOf(): Promise<undefined> {
    return undefined;
  }

  async removeLeftovers(): Promise<number> {
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** One of files, as a file system is: an object composed of a single one is a second name of the same file. */
export class FileMemoryStore extends MemoryStore {
  override async compose(sources: readonly string[], target: string): Promise<void> {
    const [only] = sources;
    const file = only === undefined ? undefined : this.held.get(only);
    if (sources.length !== 1 || file === undefined || this.held.has(target))
      return super.compose(sources, target);
    this.held.set(target, file);
  }

  /** Each chunk can be read as soon as it is written. */
  async grow(key: string, fromBytes: number, body: AsyncIterable<Buffer>): Promise<boolean> {
    const file = this.held.get(key);
    const names = [...this.held.values()].filter((each) => each === file);
    if (file === undefined || names.length > 1 || file.bytes.length < fromBytes) return false;
    file.bytes = file.bytes.subarray(0, fromBytes);
    let position = fromBytes;
    for await (const chunk of body) {
      const gap = Buffer.alloc(Math.max(0, position - file.bytes.length));
      const [before, after] = [
        file.bytes.subarray(0, position),
        file.bytes.subarray(position + chunk.length),
      ];
      file.bytes = Buffer.concat([before, gap, chunk, after]);
      position += chunk.length;
    }
    return true;
  }
}

function cut(bytes: Buffer, range: ByteRange | undefined): Buffer {
  return range ? bytes.subarray(range.first, range.last + 1) : bytes;
}

/** A store that outlives the processes whose writes it was sent. */
export class RemoteStore extends MemoryStore {
  override readonly writesEndWithProcess = false;
}

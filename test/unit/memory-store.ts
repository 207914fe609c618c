import { Readable, type Writable } from 'node:stream';
import type {
  ByteRange,
  ListPage,
  ListRequest,
  ObjectRead,
  ObjectStat,
  ObjectStore,
} from '../../services/registry/storage/object-store.ts';
import { listByHand } from '../contract/memory-twin.ts';
import { gather } from './gather.ts';

/** An object store as plain as can be, in memory: what the registry makes of one can be compared over two. */
export class MemoryStore implements ObjectStore {
  /** Names of files, of which one may have several. */
  protected readonly files = new Map<string, { bytes: Buffer }>();

  async stat(key: string): Promise<ObjectStat | undefined> {
    const bytes = this.files.get(key)?.bytes;
    return bytes && { sizeBytes: bytes.length, modifiedAt: new Date(0) };
  }

  async send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean> {
    const bytes = this.files.get(key)?.bytes;
    if (bytes === undefined) return false;
    await new Promise<void>((resolve, reject) => {
      sink.write(cut(bytes, range), (error) => (error ? reject(error) : resolve()));
    });
    return true;
  }

  async get(key: string, range?: ByteRange): Promise<ObjectRead | undefined> {
    const bytes = this.files.get(key)?.bytes;
    if (bytes === undefined) return undefined;
    return { sizeBytes: bytes.length, modifiedAt: new Date(0), body: Readable.from([cut(bytes, range)]) };
  }

  async read(key: string, limitBytes: number): Promise<Buffer | undefined> {
    const bytes = this.files.get(key)?.bytes;
    if (bytes !== undefined && bytes.length > limitBytes) throw new Error(`${key} is too large`);
    return bytes;
  }

  async put(key: string, body: Buffer | AsyncIterable<Buffer>): Promise<void> {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.concat(await gather(body));
    this.files.set(key, { bytes });
  }

  async putIfAbsent(key: string, body: Buffer): Promise<'created' | 'exists'> {
    if (this.files.has(key)) return 'exists';
    this.files.set(key, { bytes: body });
    return 'created';
  }

  async compose(sources: readonly string[], target: string): Promise<void> {
    const parts = sources.map((key) => this.files.get(key)?.bytes);
    if (parts.some((part) => part === undefined)) throw new Error('cannot compose what is not there');
    this.files.set(target, { bytes: Buffer.concat(parts as Buffer[]) });
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.files.delete(key);
  }

  async list(request: ListRequest): Promise<ListPage> {
    return listByHand(this.files.keys(), request);
  }

  async urlOf(): Promise<undefined> {
    return undefined;
  }

  async removeLeftovers(): Promise<number> {
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** One of files, as a file system is: composed of a single object, another is a second name of the same file. */
export class FileMemoryStore extends MemoryStore {
  override async compose(sources: readonly string[], target: string): Promise<void> {
    const [only] = sources;
    const file = only === undefined ? undefined : this.files.get(only);
    if (sources.length !== 1 || file === undefined || this.files.has(target))
      return super.compose(sources, target);
    this.files.set(target, file);
  }

  /** Each chunk is there as soon as it is written. */
  async grow(key: string, fromBytes: number, body: AsyncIterable<Buffer>): Promise<boolean> {
    const file = this.files.get(key);
    const names = [...this.files.values()].filter((each) => each === file);
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

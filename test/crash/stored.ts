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
import { gather } from '../unit/gather.ts';

/** An object of a {@link Stored}. */
export interface StoredObject {
  readonly bytes: Buffer;
  readonly modifiedAt: Date;
}

/**
 * What lies in a bucket, and outlives the processes that write to it: a store in memory that can be copied, so that
 * each death begins where the one before it began.
 */
export class Stored implements ObjectStore {
  readonly objects: Map<string, StoredObject>;

  constructor(objects: Iterable<readonly [string, StoredObject]> = []) {
    this.objects = new Map(objects);
  }

  copy(): Stored {
    return new Stored(this.objects);
  }

  /** A store of these bytes, as old as can be. */
  static of(files: Iterable<readonly [string, Buffer]>): Stored {
    return new Stored([...files].map(([key, bytes]) => [key, { bytes, modifiedAt: new Date(0) }]));
  }

  write(key: string, bytes: Buffer | string): void {
    this.objects.set(key, { bytes: Buffer.from(bytes), modifiedAt: new Date() });
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    const object = this.objects.get(key);
    return object && { sizeBytes: object.bytes.length, modifiedAt: object.modifiedAt };
  }

  async send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean> {
    const object = this.objects.get(key);
    if (object === undefined) return false;
    await new Promise<void>((resolve, reject) => {
      sink.write(cut(object.bytes, range), (error) => (error ? reject(error) : resolve()));
    });
    return true;
  }

  async get(key: string, range?: ByteRange): Promise<ObjectRead | undefined> {
    const object = this.objects.get(key);
    if (object === undefined) return undefined;
    const { bytes, modifiedAt } = object;
    return { sizeBytes: bytes.length, modifiedAt, body: Readable.from([cut(bytes, range)]) };
  }

  async read(key: string, limitBytes: number): Promise<Buffer | undefined> {
    const bytes = this.objects.get(key)?.bytes;
    if (bytes && bytes.length > limitBytes) throw new Error(`${key} is larger than ${limitBytes} bytes`);
    return bytes;
  }

  async put(key: string, body: Buffer | AsyncIterable<Buffer>): Promise<void> {
    this.write(key, Buffer.isBuffer(body) ? body : Buffer.concat(await gather(body)));
  }

  async putIfAbsent(key: string, body: Buffer): Promise<'created' | 'exists'> {
    if (this.objects.has(key)) return 'exists';
    this.write(key, body);
    return 'created';
  }

  async compose(sources: readonly string[], target: string): Promise<void> {
    const parts = sources.map((key) => this.objects.get(key)?.bytes);
    const lost = sources.filter((_, i) => parts[i] === undefined);
    if (lost.length > 0) throw new Error(`cannot compose: there is no ${lost.join(', ')}`);
    this.write(target, Buffer.concat(parts.filter((part) => part !== undefined)));
  }

  async grow(key: string, fromBytes: number, body: AsyncIterable<Buffer>): Promise<boolean> {
    const bytes = this.objects.get(key)?.bytes;
    if (bytes === undefined || bytes.length < fromBytes) return false;
    this.write(key, Buffer.concat([bytes.subarray(0, fromBytes), ...(await gather(body))]));
    return true;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.objects.delete(key);
  }

  async list(request: ListRequest): Promise<ListPage> {
    return listByHand(this.objects.keys(), request);
  }

  async urlOf(): Promise<string | undefined> {
    return undefined;
  }

  async removeLeftovers(): Promise<number> {
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const LEASE = /^roadstead\/(?:mirrors|notifications\/[^/]+\/delivery|garbage\/worker)\//;

/**
 * Has the workers in a store be seen to be no more: the process table, by which others know that, cannot know it of a
 * part of this process.
 */
export function buryHolders(stored: Stored): void {
  for (const [key, { bytes }] of stored.objects)
    if (LEASE.test(key)) stored.write(key, bytes.toString().replace(/("holder": "[^"]+) \d+"/, '$1 0"'));
}

function cut(bytes: Buffer, range: ByteRange | undefined): Buffer {
  return range ? bytes.subarray(range.first, range.last + 1) : bytes;
}

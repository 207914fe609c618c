import type {
  ListPage,
  ListRequest,
  ObjectStat,
  ObjectStore,
} from '../../services/registry/storage/object-store.ts';
import { listByHand } from '../contract/memory-twin.ts';
import { gather } from '../unit/gather.ts';

/** An object of a {@link MemoryObjects}. */
export interface Held {
  readonly bytes: Buffer;
  readonly modifiedAt: Date;
}

/** A store of small objects whose times can be chosen: what collections and pushes ask for, and nothing more. */
export class MemoryObjects implements ObjectStore {
  readonly held = new Map<string, Held>();

  /** Puts an object with a time of its own. */
  hold(key: string, content: string | Buffer, modifiedAt: Date): void {
    this.held.set(key, { bytes: Buffer.from(content), modifiedAt });
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    const object = this.held.get(key);
    return object && { sizeBytes: object.bytes.length, modifiedAt: object.modifiedAt };
  }

  async read(key: string, limitBytes: number): Promise<Buffer | undefined> {
    const bytes = this.held.get(key)?.bytes;
    if (bytes && bytes.length > limitBytes) throw new Error(`${key} is too large`);
    return bytes;
  }

  async list(request: ListRequest): Promise<ListPage> {
    return listByHand(this.held.keys(), request);
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.held.delete(key);
  }

  async put(key: string, body: Buffer | AsyncIterable<Buffer>): Promise<void> {
    this.hold(key, Buffer.isBuffer(body) ? body : Buffer.concat(await gather(body)), new Date());
  }

  async putIfAbsent(key: string, body: Buffer): Promise<'created' | 'exists'> {
    if (this.held.has(key)) return 'exists';
    this.hold(key, body, new Date());
    return 'created';
  }

  async compose(sources: readonly string[], target: string): Promise<void> {
    const parts = sources.map((key) => this.held.get(key)?.bytes);
    if (parts.some((part) => part === undefined)) throw new Error('cannot compose what is not there');
    this.hold(target, Buffer.concat(parts as Buffer[]), new Date());
  }

  send(): never {
    throw new Error('not asked for');
  }

  get(): never {
    throw new Error('not asked for');
  }

  async urlOf(): Promise<undefined> {
    return undefined;
  }

  async removeLeftovers(): Promise<number> {
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

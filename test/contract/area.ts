import { randomBytes, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { listAll, type ObjectStore } from '../../services/registry/storage/object-store.ts';

/** Larger than any object of the suite. */
const READ_LIMIT_BYTES = 64 * 1024 * 1024;

/** A part of a store that one test has for itself. */
export class Area {
  readonly store: ObjectStore;
  readonly prefix = `contract/${randomUUID()}/`;

  constructor(store: ObjectStore) {
    this.store = store;
  }

  /** A key in this area. */
  key(name: string): string {
    return this.prefix + name;
  }

  /** Writes an object, of text or bytes. */
  async put(name: string, content: string | Buffer = ''): Promise<void> {
    await this.store.put(this.key(name), Buffer.from(content));
  }

  /** An object's bytes, by both ways of reading them, which have to agree; undefined where there is none. */
  async read(name: string): Promise<Buffer | undefined> {
    const key = this.key(name);
    const [whole, got, stat] = [
      await this.store.read(key, READ_LIMIT_BYTES),
      await this.store.get(key),
      await this.store.stat(key),
    ];
    const streamed = got && (await buffer(got.body));
    expect(streamed?.equals(whole ?? Buffer.alloc(0)), `get and read of ${name}`).to.equal(whole && true);
    expect(stat?.sizeBytes, `size of ${name}`).to.equal(whole?.length);
    expect(got?.sizeBytes, `size of ${name} in get`).to.equal(whole?.length);
    return whole;
  }

  /** Holds an object to have this content, or not to be. */
  async expect(name: string, content: string | Buffer | undefined): Promise<void> {
    const found = await this.read(name);
    if (content === undefined) expect(found, name).to.equal(undefined);
    else expect(found?.equals(Buffer.from(content)), `content of ${name}`).to.equal(true);
  }

  /** The names of all objects. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const { key } of listAll(this.store, { prefix: this.prefix }))
      names.push(key.slice(this.prefix.length));
    return names;
  }
}

/** Random bytes. */
export function bytesOf(sizeBytes: number): Buffer {
  return randomBytes(sizeBytes);
}

/** A body in chunks. */
export async function* inChunks(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
}

/** What a promise is rejected with; fails when it is not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    () => ({ rejected: false, reason: undefined }),
    (reason: unknown) => ({ rejected: true, reason }),
  );
  expect(outcome.rejected, 'is rejected').to.equal(true);
  return outcome.reason;
}

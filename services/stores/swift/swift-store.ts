import { Readable, type Writable } from 'node:stream';
import type { Locks } from '../../registry/storage/locks.ts';
import type {
  ByteRange,
  DeleteOptions,
  ListPage,
  ListRequest,
  ObjectRead,
  ObjectStat,
  ObjectStore,
  PutOptions,
} from '../../registry/storage/object-store.ts';
import { streamed } from '../reading.ts';
import { sendChunks } from '../send-chunks.ts';
import { SwiftClient } from './client.ts';
import { compose } from './compose.ts';
import { createObject } from './create.ts';
import { deleteObjects } from './delete.ts';
import { head } from './head.ts';
import { removeLeftovers } from './leftovers.ts';
import { listKeys } from './list.ts';
import { openContainer } from './open-container.ts';
import { checkOptions, type SwiftOptions } from './options.ts';
import { probeWrites } from './probe.ts';
import { putWhole } from './put.ts';
import { readWhole, startReading } from './read.ts';
import { findSigner, signedUrl, type UrlSigner } from './temp-url.ts';
import { putStream } from './write.ts';

/**
 * Objects in a container of OpenStack Swift, under the names that Distribution 2.x gives them. Large ones are static
 * large objects; those that Distribution made dynamic are read as well. See
 * docs/decisions/0007-swift-large-objects.md for the ownership of segments.
 */
export class SwiftStore implements ObjectStore {
  readonly writesEndWithProcess = false;
  readonly #client: SwiftClient;
  readonly #signer: UrlSigner | undefined;
  readonly #locks: Locks;

  private constructor(client: SwiftClient, signer: UrlSigner | undefined, locks: Locks) {
    this.#client = client;
    this.#signer = signer;
    this.#locks = locks;
  }

  /**
   * Logs in, reads the features of this Swift, and, for writing, makes the container if it does not exist. Throws an error
   * that says what is wrong: the log-in, the region, the container, a Swift without large objects, no locks.
   */
  static async open(options: SwiftOptions): Promise<SwiftStore> {
    checkOptions(options);
    const client = new SwiftClient(options);
    try {
      const { mode = 'write' } = options;
      await openContainer(client, mode);
      await client.discover();
      const { tempUrlKey: key, publicEndpoint } = options;
      const signer = await findSigner(client, { key, publicEndpoint, mode });
      return new SwiftStore(client, signer, options.locks);
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Rejects with StoreNotWritableError if the user may not write to the container. */
  async probeWrites(signal?: AbortSignal): Promise<void> {
    await probeWrites(this.#client, signal);
  }

  async stat(key: string, signal?: AbortSignal): Promise<ObjectStat | undefined> {
    const found = await head(this.#client, this.#in(key), signal);
    return found && { sizeBytes: found.sizeBytes, modifiedAt: found.modifiedAt };
  }

  async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectRead | undefined> {
    const reading = await startReading(this.#client, this.#in(key), range, signal);
    return reading && streamed(reading, signal);
  }

  async send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean> {
    const reading = await startReading(this.#client, this.#in(key), range);
    if (reading) await sendChunks(reading, sink);
    return reading !== undefined;
  }

  async read(key: string, limitBytes: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    return readWhole(this.#client, this.#in(key), limitBytes, signal);
  }

  /** Always durable: Swift answers when most of the replicas have it. */
  async put(
    key: string,
    body: Buffer | AsyncIterable<Buffer>,
    { signal, fence }: PutOptions = {},
  ): Promise<void> {
    const name = this.#in(key);
    signal?.throwIfAborted();
    if (!Buffer.isBuffer(body)) return putStream(this.#client, name, body, signal, fence);
    if (body.length > this.#client.chunkSizeBytes)
      return putStream(this.#client, name, Readable.from(body), signal, fence);
    await putWhole(this.#client, name, body, signal, fence);
  }

  async putIfAbsent(key: string, body: Buffer, signal?: AbortSignal): Promise<'created' | 'exists'> {
    return createObject(this.#client, this.#locks, this.#in(key), body, signal);
  }

  async compose(sources: readonly string[], target: string, signal?: AbortSignal): Promise<void> {
    const named = sources.map((key) => ({ key, name: this.#in(key) }));
    return compose(this.#client, named, this.#in(target), signal);
  }

  async delete(keys: readonly string[], signal?: AbortSignal, { fence }: DeleteOptions = {}): Promise<void> {
    const names = keys.map((key) => this.#in(key));
    return deleteObjects(this.#client, names, signal, fence);
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return listKeys(this.#client, request, signal);
  }

  /** A temporary URL, where the container or the account has a key for them. */
  async urlOf(key: string, ttlSeconds: number): Promise<string | undefined> {
    const path = this.#client.names.path(this.#in(key));
    if (this.#signer === undefined) return undefined;
    const expiresAtSeconds = Math.ceil(Date.now() / 1000) + ttlSeconds;
    return signedUrl(this.#signer, await this.#client.storageUrl(), path, expiresAtSeconds);
  }

  /** Deletes segments that belong to no object; never those younger than the options say, whatever the date. */
  async removeLeftovers(olderThan: Date, signal?: AbortSignal): Promise<number> {
    const youngest = Math.min(olderThan.getTime(), Date.now() - this.#client.leftoverAgeMs);
    return removeLeftovers(this.#client, new Date(youngest), signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }

  #in(key: string): string {
    return this.#client.names.ofKey(key);
  }
}

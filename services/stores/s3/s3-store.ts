import type { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
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
} from '../../registry/storage/object-store.ts';
import { streamed } from '../reading.ts';
import { sendChunks } from '../send-chunks.ts';
import { Bucket } from './bucket.ts';
import { createSigner } from './client.ts';
import { composeObject } from './compose.ts';
import { type Create, findingTheWayLater } from './create.ts';
import { deleteObjects } from './delete.ts';
import { removeLeftovers } from './leftovers.ts';
import { listObjects } from './list.ts';
import type { S3Options } from './options.ts';
import { checkAccess, findWayToCreate, probeWrites } from './probe.ts';
import { startReading } from './read.ts';
import { statObject } from './stat.ts';
import { write } from './write.ts';

/** S3 signs URLs for a week at most. */
const TTL_MAX_SECONDS = 7 * 24 * 60 * 60;

/**
 * Objects in a bucket of Amazon S3, or of a compatible server, for any number of processes. The keys are those of
 * Distribution's own driver, so that the two read each other's buckets. Acknowledged writes are as durable as the server
 * makes them.
 */
export class S3Store implements ObjectStore {
  readonly writesEndWithProcess = false;
  readonly #bucket: Bucket;
  readonly #create: Create;
  readonly #signer: S3Client;

  private constructor(bucket: Bucket, create: Create) {
    this.#bucket = bucket;
    this.#create = create;
    this.#signer = createSigner(bucket.settings);
  }

  /**
   * Opens the store: the bucket must exist. For writing, finds out whether the server supports conditional creates, and
   * throws if it does not and no locks are given. Errors name the key of the configuration to check.
   */
  static async open(options: S3Options): Promise<S3Store> {
    const bucket = new Bucket(options);
    try {
      await checkAccess(bucket);
      const find = () => findWayToCreate(bucket);
      const create = options.mode === 'read' ? findingTheWayLater(find) : await find();
      return new S3Store(bucket, create);
    } catch (error) {
      bucket.close();
      throw error;
    }
  }

  /** Rejects with StoreNotWritableError if the credentials may not write to one of the places that we write to. */
  async probeWrites(signal?: AbortSignal): Promise<void> {
    await probeWrites(this.#bucket, signal);
  }

  async stat(key: string, signal?: AbortSignal): Promise<ObjectStat | undefined> {
    return statObject(this.#bucket, this.#in(key), signal);
  }

  async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectRead | undefined> {
    const reading = await startReading(this.#bucket, this.#in(key), range, signal);
    return reading && streamed(reading, signal);
  }

  async send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean> {
    const reading = await startReading(this.#bucket, this.#in(key), range);
    if (reading) await sendChunks(reading, sink);
    return reading !== undefined;
  }

  async read(key: string, limitBytes: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    const reading = await startReading(this.#bucket, this.#in(key), undefined, signal);
    if (reading === undefined) return undefined;
    if (reading.sizeBytes > limitBytes) {
      reading.abandon();
      throw new ObjectTooLargeError(key, reading.sizeBytes, limitBytes);
    }
    return buffer(reading.chunks);
  }

  async put(key: string, body: Buffer | AsyncIterable<Buffer>, options: PutOptions = {}): Promise<void> {
    await write(this.#bucket, this.#in(key), body, options.signal, options.fence);
  }

  async putIfAbsent(key: string, body: Buffer, signal?: AbortSignal): Promise<'created' | 'exists'> {
    return this.#create(this.#in(key), body, signal);
  }

  async compose(sources: readonly string[], target: string, signal?: AbortSignal): Promise<void> {
    const keys = sources.map((source) => this.#in(source));
    await composeObject(this.#bucket, keys, this.#in(target), signal);
  }

  async delete(keys: readonly string[], signal?: AbortSignal, { fence }: DeleteOptions = {}): Promise<void> {
    const bucketKeys = keys.map((key) => this.#in(key));
    await deleteObjects(this.#bucket, bucketKeys, signal, fence);
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return listObjects(this.#bucket, request, signal);
  }

  /** A signed URL for the endpoint by which clients reach the server; valid for at most a week. */
  async urlOf(key: string, ttlSeconds: number): Promise<string | undefined> {
    const command = new GetObjectCommand({ Bucket: this.#bucket.name, Key: this.#in(key) });
    const expiresIn = Math.min(Math.max(1, Math.floor(ttlSeconds)), TTL_MAX_SECONDS);
    return getSignedUrl(this.#signer, command, { expiresIn });
  }

  /** Aborts multipart uploads below our prefix that began before a time, by any program, and deletes old probes. */
  removeLeftovers(olderThan: Date, signal?: AbortSignal): Promise<number> {
    return removeLeftovers(this.#bucket, olderThan, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bucket.close();
    this.#signer.destroy();
  }

  #in(key: string): string {
    return this.#bucket.keyOf(key);
  }
}

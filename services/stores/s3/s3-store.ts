import type { Writable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type {
  ByteRange,
  ListPage,
  ListRequest,
  ObjectRead,
  ObjectStat,
  ObjectStore,
  PutOptions,
} from '../../registry/storage/object-store.ts';
import { ChunkStream } from '../chunk-stream.ts';
import { sendChunks } from '../send-chunks.ts';
import { Bucket } from './bucket.ts';
import { composeObject } from './compose.ts';
import { type Create, findingTheWayLater } from './create.ts';
import { deleteObjects } from './delete.ts';
import { removeLeftovers } from './leftovers.ts';
import { listObjects } from './list.ts';
import type { S3Options } from './options.ts';
import { checkAccess, findWayToCreate, probeWrites } from './probe.ts';
import { startReading } from './read.ts';
import { UrlSigner } from './sign.ts';
import { statObject } from './stat.ts';
import { write } from './write.ts';

/**
 * Objects in a bucket of Amazon S3, or of a compatible server, for any number of processes. The keys are those of
 * Distribution's own driver, so that the two read each other's buckets. Acknowledged writes are as durable as the server
 * makes them.
 */
export class S3Store implements ObjectStore {
  readonly #bucket: Bucket;
  readonly #create: Create;
  readonly #signer: UrlSigner;

  private constructor(bucket: Bucket, create: Create) {
    this.#bucket = bucket;
    this.#create = create;
    this.#signer = new UrlSigner(bucket);
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
    const { reading, abandon } = await this.#startReading(key, range, signal);
    if (reading === undefined) return undefined;
    const { sizeBytes, modifiedAt, chunks } = reading;
    const body = new ChunkStream(chunks, abandon);
    return { sizeBytes, modifiedAt, body: signal ? addAbortSignal(signal, body) : body };
  }

  async send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean> {
    const { reading, abandon } = await this.#startReading(key, range);
    if (reading === undefined) return false;
    await sendChunks(reading.chunks, sink, abandon);
    return true;
  }

  async read(key: string, limitBytes: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    const { reading, abandon } = await this.#startReading(key, undefined, signal);
    if (reading === undefined) return undefined;
    if (reading.sizeBytes > limitBytes) {
      abandon();
      throw new Error(`${key} has ${reading.sizeBytes} bytes, more than ${limitBytes}`);
    }
    return buffer(reading.chunks);
  }

  async put(key: string, body: Buffer | AsyncIterable<Buffer>, options: PutOptions = {}): Promise<void> {
    await write(this.#bucket, this.#in(key), body, options.signal);
  }

  async putIfAbsent(key: string, body: Buffer, signal?: AbortSignal): Promise<'created' | 'exists'> {
    return this.#create(this.#in(key), body, signal);
  }

  async compose(sources: readonly string[], target: string, signal?: AbortSignal): Promise<void> {
    const keys = sources.map((source) => this.#in(source));
    await composeObject(this.#bucket, keys, this.#in(target), signal);
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    const bucketKeys = keys.map((key) => this.#in(key));
    await deleteObjects(this.#bucket, bucketKeys, signal);
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return listObjects(this.#bucket, request, signal);
  }

  /** A signed URL for the endpoint by which clients reach the server; valid for at most a week. */
  async urlOf(key: string, ttlSeconds: number): Promise<string | undefined> {
    return this.#signer.urlOf(this.#in(key), ttlSeconds);
  }

  /** Aborts multipart uploads below our prefix that began before a time, by any program, and deletes old probes. */
  removeLeftovers(olderThan: Date, signal?: AbortSignal): Promise<number> {
    return removeLeftovers(this.#bucket, olderThan, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bucket.close();
    this.#signer.close();
  }

  #in(key: string): string {
    return this.#bucket.keys.inBucket(key);
  }

  /** A reading that `abandon` ends at once, with its connection. */
  async #startReading(key: string, range: ByteRange | undefined, signal?: AbortSignal) {
    const abandoned = new AbortController();
    const either = signal ? AbortSignal.any([signal, abandoned.signal]) : abandoned.signal;
    const reading = await startReading(this.#bucket, this.#in(key), range, either);
    return { reading, abandon: () => abandoned.abort() };
  }
}

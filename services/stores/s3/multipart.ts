import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { Fence } from '../../registry/storage/fence.ts';
import { type ByteRange, StoreUnavailableError } from '../../registry/storage/object-store.ts';
import type { Bucket } from './bucket.ts';
import { WriteMark } from './mark.ts';

/** How long a failed write waits for its parts to be deleted; the rest become leftovers. */
const ABORT_PATIENCE_MS = 10_000;

/** The source of a copied part. */
export interface PartSource {
  readonly bucketKey: string;
  /** The object's ETag, so that parts of two versions are never mixed; not every server checks it. */
  readonly etag: string | undefined;
  /** @default the whole object */
  readonly range: ByteRange | undefined;
}

/** An object that is written in parts, and appears when all of them are complete. */
export class MultipartUpload {
  readonly #bucket: Bucket;
  readonly #bucketKey: string;
  readonly #id: string;
  readonly #etags = new Map<number, string | undefined>();

  private constructor(bucket: Bucket, bucketKey: string, id: string) {
    this.#bucket = bucket;
    this.#bucketKey = bucketKey;
    this.#id = id;
  }

  /**
   * Writes an object from the parts that `write` uploads, numbered from 1. If that fails, nothing is left, or only what
   * `removeLeftovers` finds. The fence is asked before each attempt to complete it.
   */
  static async run(
    bucket: Bucket,
    bucketKey: string,
    write: (upload: MultipartUpload, signal: AbortSignal) => Promise<void>,
    signal?: AbortSignal,
    fence?: Fence,
  ): Promise<void> {
    const mark = new WriteMark();
    const begun = await bucket.send(
      new CreateMultipartUploadCommand({
        ...{ Bucket: bucket.name, Key: bucketKey, Metadata: mark.metadata },
        ...bucket.written,
      }),
      signal,
    );
    if (begun.UploadId === undefined)
      throw new StoreUnavailableError('S3 answered CreateMultipartUpload without an UploadId');
    const upload = new MultipartUpload(bucket, bucketKey, begun.UploadId);
    // Aborts the other parts when one has failed.
    const failure = new AbortController();
    const either = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
    try {
      await write(upload, either);
      await mark.confirm(bucket, bucketKey, () => upload.#complete(signal, fence), signal);
    } catch (error) {
      failure.abort();
      await upload.#abort();
      throw error;
    }
  }

  async upload(partNumber: number, bytes: Buffer, signal: AbortSignal): Promise<void> {
    const answer = await this.#bucket.send(
      new UploadPartCommand({ ...this.#part(partNumber), Body: bytes }),
      signal,
      `${partNumber} of ${this.#bucketKey}`,
    );
    this.#etags.set(partNumber, answer.ETag);
  }

  async copy(partNumber: number, { bucketKey, etag, range }: PartSource, signal: AbortSignal): Promise<void> {
    const answer = await this.#bucket.send(
      new UploadPartCopyCommand({
        ...this.#part(partNumber),
        CopySource: copySource(this.#bucket, bucketKey),
        ...(etag && { CopySourceIfMatch: etag }),
        ...(range && { CopySourceRange: `bytes=${range.first}-${range.last}` }),
      }),
      signal,
      `${partNumber} of ${this.#bucketKey} from ${bucketKey}`,
    );
    this.#etags.set(partNumber, answer.CopyPartResult?.ETag);
  }

  async #complete(signal: AbortSignal | undefined, fence: Fence | undefined): Promise<void> {
    const parts = [...this.#etags].sort(([a], [b]) => a - b);
    await this.#bucket.send(
      new CompleteMultipartUploadCommand({
        ...this.#whole(),
        MultipartUpload: { Parts: parts.map(([PartNumber, ETag]) => ({ PartNumber, ETag })) },
      }),
      signal,
      undefined,
      fence,
    );
  }

  /** Never rejects. */
  async #abort(): Promise<void> {
    await this.#bucket
      .send(new AbortMultipartUploadCommand(this.#whole()), AbortSignal.timeout(ABORT_PATIENCE_MS))
      .catch(() => undefined);
  }

  #whole() {
    return { Bucket: this.#bucket.name, Key: this.#bucketKey, UploadId: this.#id };
  }

  #part(partNumber: number) {
    return { ...this.#whole(), PartNumber: partNumber };
  }
}

/** The name of a source in a copy request. */
export function copySource(bucket: Bucket, bucketKey: string): string {
  return `${bucket.name}/${bucketKey.split('/').map(encodeURIComponent).join('/')}`;
}

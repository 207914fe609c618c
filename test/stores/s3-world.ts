import { randomBytes } from 'node:crypto';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { S3Options } from '../../services/stores/s3/options.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { type Fault, type FaultProxy, type SeenRequest, startFaultProxy } from '../support/fault-proxy.ts';
import { type Radosgw, startRadosgw } from '../support/radosgw.ts';

export const MEBIBYTE = 1024 * 1024;

/** A server, a proxy before it that breaks what it is told to, and a bucket seen by both ways. */
export interface S3World extends AsyncDisposable {
  readonly radosgw: Radosgw;
  readonly proxy: FaultProxy;
  /** The bucket, as it is reached past the proxy. */
  readonly options: S3Options;
  /** The store through the proxy: what the tests are about. */
  readonly store: S3Store;
  /** Opens that anew: the SDK gives up trying again where very much has failed before. */
  reopen(): Promise<void>;
  /** The same bucket without faults: what is really there. */
  readonly truth: S3Store;
  /** Keys of multipart uploads that have not ended. */
  openUploads(): Promise<string[]>;
}

/** Small parts, so that a few megabytes are many of them; little patience, so that a stall is soon over. */
const SMALL: Partial<S3Options> = {
  chunkSizeBytes: 5 * MEBIBYTE,
  multipartCopyChunkSizeBytes: 5 * MEBIBYTE,
  multipartCopyThresholdBytes: 5 * MEBIBYTE,
  idleTimeoutMs: 4000,
};

export async function startS3World(): Promise<S3World> {
  await using cleanUp = new AsyncDisposableStack();
  const radosgw = cleanUp.use(await startRadosgw());
  const proxy = cleanUp.use(await startFaultProxy(radosgw.endpoint));
  const options = await radosgw.newBucket(SMALL);
  const openStore = () => S3Store.open({ ...options, endpoint: proxy.endpoint });
  let store = await openStore();
  cleanUp.defer(() => store[Symbol.asyncDispose]());
  const truth = cleanUp.use(await S3Store.open(options));
  const held = cleanUp.move();
  return {
    ...{ radosgw, proxy, options, truth },
    get store() {
      return store;
    },
    async reopen() {
      await store[Symbol.asyncDispose]();
      store = await openStore();
    },
    async openUploads() {
      const { Uploads } = await radosgw.client.send(
        new ListMultipartUploadsCommand({ Bucket: options.bucket }),
      );
      return (Uploads ?? []).map(({ Key = '' }) => Key);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What a request asks for, by S3's names, of those that the driver makes. */
export function operationOf({ method, url, headers }: SeenRequest): string {
  const query = new URL(url, 'http://localhost').searchParams;
  const isCopy = headers['x-amz-copy-source'] !== undefined;
  if (query.has('uploads')) return method === 'GET' ? 'ListMultipartUploads' : 'CreateMultipartUpload';
  if (query.has('partNumber')) return isCopy ? 'UploadPartCopy' : 'UploadPart';
  if (query.has('uploadId')) return method === 'DELETE' ? 'AbortMultipartUpload' : 'CompleteMultipartUpload';
  if (query.has('delete')) return 'DeleteObjects';
  if (query.has('list-type')) return 'ListObjectsV2';
  if (method === 'PUT') return isCopy ? 'CopyObject' : 'PutObject';
  return { GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' }[method] ?? method;
}

/** A rule that does something to the first so many requests of an operation. */
export function onFirst(times: number, operation: string, fault: Fault): FaultProxy['rule'] {
  let left = times;
  return (request) => (operationOf(request) === operation && left-- > 0 ? fault : undefined);
}

/** S3's error document. */
export function errorBody(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>made up</Message></Error>`;
}

/** A body of so many random bytes, in chunks of a size that fits no border, and the bytes. */
export function bodyOf(sizeBytes: number): { bytes: Buffer; body: () => AsyncGenerator<Buffer> } {
  const bytes = randomBytes(sizeBytes);
  async function* body(): AsyncGenerator<Buffer> {
    for (let at = 0; at < sizeBytes; at += 777_777) yield bytes.subarray(at, at + 777_777);
  }
  return { bytes, body };
}

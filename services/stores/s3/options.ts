import type { ObjectCannedACL, StorageClass } from '@aws-sdk/client-s3';
import type { Locks } from '../../registry/storage/locks.ts';
import type { StoreMode } from '../../registry/storage/object-store.ts';

const MEBIBYTE = 1024 * 1024;

/** S3's minimum size of a part that is not the last one. */
export const PART_MIN_BYTES = 5 * MEBIBYTE;
/** The most parts of an object. */
export const PARTS_MAX = 10_000;

/** The bucket, and how it is reached and written. Errors name the keys of the configuration (`storage.s3.…`). */
export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** The server's URL; Amazon's for the region unless given. */
  readonly endpoint?: string;
  /** The URL by which clients reach the server, where that is another: URLs for them are signed for this one. */
  readonly publicEndpoint?: string;
  /** @default the SDK's own sources (variables, files, the machine's role) */
  readonly credentials?: {
    readonly accessKey: string;
    readonly secretKey: string;
    readonly sessionToken?: string;
  };
  /** The bucket in the path rather than in the host's name. @default true with an endpoint, false without */
  readonly forcePathStyle?: boolean;
  /** False for plain HTTP at Amazon's; an endpoint says it itself. @default true */
  readonly tls?: boolean;
  /** False takes any certificate. @default true */
  readonly verifyTls?: boolean;
  /** Amazon's endpoints of other kinds. */
  readonly dualStack?: boolean;
  readonly fips?: boolean;
  readonly accelerate?: boolean;
  /** The prefix of all keys in the bucket; leading and trailing slashes are ignored. @default '' */
  readonly rootDirectory?: string;
  /** Size of uploaded parts; two are sent at once while a third is gathered. @default 10 MiB */
  readonly chunkSizeBytes?: number;
  /** Size of copied parts. @default 32 MiB */
  readonly multipartCopyChunkSizeBytes?: number;
  /** Objects up to this are copied at once. @default 32 MiB */
  readonly multipartCopyThresholdBytes?: number;
  /** Parts of one object that are copied at once. @default 100 */
  readonly multipartCopyMaxConcurrency?: number;
  readonly storageClass?: StorageClass;
  readonly objectAcl?: ObjectCannedACL;
  /** Encrypted by the server: by its own keys, or by a key of its key service. */
  readonly encryption?: { readonly keyId?: string };
  /** Appended to the SDK's user agent. */
  readonly userAgent?: string;
  /** Concurrent requests; more wait. Bodies that are being read do not count. @default 256 */
  readonly maxRequestsAtOnce?: number;
  /** Patience with a server that does not take a connection. @default 5000 */
  readonly connectTimeoutMs?: number;
  /** Patience with a connection on which nothing moves. @default 60_000 */
  readonly idleTimeoutMs?: number;
  /** Decides races to create an object, on servers without a conditional create. */
  readonly locks?: Locks;
  /** With `read`, opening writes nothing. @default 'write' */
  readonly mode?: StoreMode;
}

/** {@link S3Options} with the defaults. */
export type S3Settings = S3Options & Required<Pick<S3Options, keyof typeof STANDARD>>;

const STANDARD = {
  verifyTls: true,
  rootDirectory: '',
  chunkSizeBytes: 10 * MEBIBYTE,
  multipartCopyChunkSizeBytes: 32 * MEBIBYTE,
  multipartCopyThresholdBytes: 32 * MEBIBYTE,
  multipartCopyMaxConcurrency: 100,
  maxRequestsAtOnce: 256,
  connectTimeoutMs: 5000,
  idleTimeoutMs: 60_000,
} satisfies Partial<S3Options>;

/** Fills in defaults. Throws on a part size that no server accepts. */
export function settingsOf(options: S3Options): S3Settings {
  const settings: S3Settings = { ...STANDARD, ...options };
  for (const sizeBytes of [settings.chunkSizeBytes, settings.multipartCopyChunkSizeBytes])
    if (sizeBytes < PART_MIN_BYTES) throw new Error(`parts of ${sizeBytes} bytes: expected 5 MiB or more`);
  return settings;
}

import type { ObjectCannedACL, StorageClass } from '@aws-sdk/client-s3';
import type { Locks } from '../../registry/storage/locks.ts';
import type { StoreMode } from '../../registry/storage/object-store.ts';

const MEBIBYTE = 1024 * 1024;

/** The least that S3 takes for a part which is not the last one. */
export const PART_MIN_BYTES = 5 * MEBIBYTE;
/** The most parts that an object is made of. */
export const PARTS_MAX = 10_000;

/** Where objects lie, and how they are reached and written. Errors name the keys of the configuration (`storage.s3.…`). */
export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** The server's URL; Amazon's for the region unless given. */
  readonly endpoint?: string;
  /** The URL by which clients reach the server, where that is another: URLs for them are signed for this one. */
  readonly publicEndpoint?: string;
  /** The SDK's own places (variables, files, the machine's role) unless given. */
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
  /** What all keys begin with in the bucket; slashes at its ends do not count. @default '' */
  readonly rootDirectory?: string;
  /** Size of uploaded parts; two of them are under way at once, and a third is gathered. @default 10 MiB */
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
  /** Added to what the SDK says of itself. */
  readonly userAgent?: string;
  /** Requests under way at once; more wait. Bodies that are being read do not count. @default 256 */
  readonly maxRequestsAtOnce?: number;
  /** Patience with a server that does not take a connection. @default 5000 */
  readonly connectTimeoutMs?: number;
  /** Patience with a connection on which nothing moves. @default 60_000 */
  readonly idleTimeoutMs?: number;
  /** Decide who creates an object, on servers that cannot. */
  readonly locks?: Locks;
  /** With `read`, opening writes nothing. @default 'write' */
  readonly mode?: StoreMode;
}

/** {@link S3Options} with what was left to us. */
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

/** Fills in what was not given. Throws on a part size that no server takes. */
export function settingsOf(options: S3Options): S3Settings {
  const settings: S3Settings = { ...STANDARD, ...options };
  for (const sizeBytes of [settings.chunkSizeBytes, settings.multipartCopyChunkSizeBytes])
    if (sizeBytes < PART_MIN_BYTES) throw new Error(`parts of ${sizeBytes} bytes: expected 5 MiB or more`);
  return settings;
}

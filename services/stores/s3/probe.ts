import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import { StoreNotWritableError } from '../../registry/storage/object-store.ts';
import { ignoring } from '../ignoring.ts';
import type { Bucket } from './bucket.ts';
import { type Create, creatingByCondition, creatingByLock } from './create.ts';
import { deleteObjects } from './delete.ts';
import { isUnmet, isUnsupported, S3Error } from './errors.ts';
import { WriteMark } from './mark.ts';
import { MultipartUpload } from './multipart.ts';
import { putObject } from './write.ts';

/** Objects with which a start finds out what the server supports; each is deleted at once. */
export const PROBES_PREFIX = 'roadstead/probes/';

/** The places where objects are written: a policy may allow writes to some of them only. */
const PLACES = [PROBES_PREFIX, 'docker/registry/v2/blobs/', 'docker/registry/v2/repositories/'];

/**
 * Sends a part of an object to each place where objects are written, and aborts the upload, so that it never becomes
 * visible. Throws StoreNotWritableError, which says what the operator can do.
 */
export async function probeWrites(bucket: Bucket, signal?: AbortSignal): Promise<void> {
  const enough = new Error('a part is enough');
  for (const place of PLACES) {
    const key = bucket.keyOf(`${place}roadstead-probe`);
    const write = async (upload: MultipartUpload, either: AbortSignal) => {
      await upload.upload(1, Buffer.from('sent to see whether it is taken'), either);
      throw enough;
    };
    await MultipartUpload.run(bucket, key, write, signal).catch((error: unknown) => {
      if (error !== enough) throw explain(error, bucket, key);
    });
  }
}

/** The error for a place that refuses writes. */
function explain(error: unknown, bucket: Bucket, bucketKey: string): unknown {
  if (!(error instanceof S3Error) || error.status !== 403) return error;
  const place = bucketKey.slice(0, bucketKey.lastIndexOf('/') + 1);
  return new StoreNotWritableError(
    `storage.s3.bucket = ${bucket.name}: these credentials may not write and delete below ${place} (${error.code}): ` +
      'give them that right, or set storage.maintenance.readonly.enabled: true to serve existing content',
    'denied',
    { cause: error },
  );
}

/** Finds out, by writing, how to create objects. Throws an error that names the key of the configuration to check. */
export async function findWayToCreate(bucket: Bucket): Promise<Create> {
  const { locks } = bucket.settings;
  if (await heedsCondition(bucket)) return creatingByCondition(bucket);
  if (locks) {
    // That is Swift, as far as we know of such servers.
    bucket.looksTwice = true;
    return creatingByLock(bucket, locks);
  }
  throw new OperatorError(
    `storage.s3.${where(bucket)}: this server has no conditional create (PUT with If-None-Match: *), by which the ` +
      'registry decides which of several nodes comes first: expected a server that has it (Amazon S3, Ceph 15 and ' +
      'later), or locks in Redis',
  );
}

/** The advice for an answer of the server. */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket: expected one that was made before',
  NotFound: 'there is no such bucket: expected one that was made before',
  AccessDenied: 'access is denied: expected credentials that may list, read, write and delete there',
  InvalidAccessKeyId: 'the server does not know the access key: check storage.s3.accesskey',
  SignatureDoesNotMatch: 'the secret key does not match the access key: check storage.s3.secretkey',
  CredentialsProviderError:
    'there are no credentials: expected storage.s3.accesskey and secretkey, or AWS_ACCESS_KEY_ID and ' +
    'AWS_SECRET_ACCESS_KEY, or a role of the machine',
  PermanentRedirect: 'the bucket is in another region: check storage.s3.region',
  AuthorizationHeaderMalformed: 'the bucket is in another region: check storage.s3.region',
};

/** Checks that the bucket exists and may be read. Throws an error that names the key of the configuration to check. */
export async function checkAccess(bucket: Bucket): Promise<void> {
  const request = { Bucket: bucket.name, Prefix: bucket.prefix, MaxKeys: 1 };
  try {
    await bucket.send(new ListObjectsV2Command(request), undefined, '');
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    throw toldOf(bucket, error);
  }
}

/** An error for the operator, with the setting to check. */
function toldOf(bucket: Bucket, error: S3Error): OperatorError {
  const advice = ADVICE[error.code];
  if (advice === undefined && error.status === undefined)
    return new OperatorError(
      `storage.s3.${where(bucket)}: the server is not reached: ${error.code}: expected an endpoint that answers this machine, ` +
        'and http:// before it where it speaks no TLS',
      { cause: error },
    );
  return new OperatorError(`storage.s3.bucket = ${bucket.name}: ${advice ?? error.message}`, {
    cause: error,
  });
}

/**
 * Whether the server supports conditional creates. It is tested by writing twice: some servers refuse the condition, and
 * some ignore it. A few requests cannot show that it decides races; all known servers that check it do.
 */
async function heedsCondition(bucket: Bucket): Promise<boolean> {
  const key = bucket.keyOf(`${PROBES_PREFIX}${crypto.randomUUID()}`);
  const remove = () => deleteObjects(bucket, [key]);
  const mark = new WriteMark();
  const bytes = Buffer.from('written to see what the server can do');
  /** Resolves to true if it created the object, to false if the server refused. */
  const create = async () => {
    const created = putObject(bucket, key, bytes, mark, { IfNoneMatch: '*' }).then(() => true);
    return (await ignoring(isUnmet, created)) ?? false;
  };
  try {
    // If the key is taken already, then by a try of ours whose answer was lost.
    await create();
    const isHeeded = !(await create());
    await remove();
    return isHeeded;
  } catch (error) {
    // Report the first error.
    await remove().catch(() => undefined);
    if (isUnsupported(error)) return false;
    if (error instanceof S3Error && error.status !== 403) throw toldOf(bucket, error);
    throw explain(error, bucket, key);
  }
}

function where({ settings: { endpoint, region } }: Bucket): string {
  return endpoint === undefined ? `region = ${region}` : `regionendpoint = ${endpoint}`;
}

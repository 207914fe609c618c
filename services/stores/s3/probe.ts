import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { OperatorError } from '../../registry/operator-error.ts';
import type { Bucket } from './bucket.ts';
import { type Create, creatingByCondition, creatingByLock } from './create.ts';
import { deleteObjects } from './delete.ts';
import { isUnmet, isUnsupported, S3Error } from './errors.ts';
import { WriteMark } from './mark.ts';
import { putObject } from './write.ts';

/** Objects by which a start finds out what the server can do; each is deleted at once. */
export const PROBES_PREFIX = 'roadstead/probes/';

/**
 * Looks whether the bucket is there and may be used, and finds the way to create objects. Throws an Error that names
 * the key of the configuration to look at.
 */
export async function findWayToCreate(bucket: Bucket): Promise<Create> {
  await checkAccess(bucket);
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
      'later), or locks beside it (Redis)',
  );
}

/** What to look at, by what the server answered. */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket: expected one that was made before',
  NotFound: 'there is no such bucket: expected one that was made before',
  AccessDenied: 'access is denied: expected credentials that may list, read, write and delete there',
  InvalidAccessKeyId: 'the server does not know the access key: look at storage.s3.accesskey',
  SignatureDoesNotMatch: 'the secret key is not that of the access key: look at storage.s3.secretkey',
  CredentialsProviderError:
    'there are no credentials: expected storage.s3.accesskey and secretkey, or AWS_ACCESS_KEY_ID and ' +
    'AWS_SECRET_ACCESS_KEY, or a role of the machine',
  PermanentRedirect: 'the bucket lies in another region: look at storage.s3.region',
  AuthorizationHeaderMalformed: 'the bucket lies in another region: look at storage.s3.region',
};

async function checkAccess(bucket: Bucket): Promise<void> {
  const request = { Bucket: bucket.name, Prefix: bucket.keys.prefix, MaxKeys: 1 };
  try {
    await bucket.request('ListObjectsV2', (client, options) =>
      client.send(new ListObjectsV2Command(request), options),
    );
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    throw toldOf(bucket, error);
  }
}

/** What the operator is told of an error, with the setting to look at. */
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
 * Whether the server creates on condition. Seen by writing twice: some refuse the condition, and some do not look at
 * it. That it decides races one by one cannot be seen by a few requests; all known servers that look at it do.
 */
async function heedsCondition(bucket: Bucket): Promise<boolean> {
  const key = bucket.keys.inBucket(`${PROBES_PREFIX}${crypto.randomUUID()}`);
  const mark = new WriteMark();
  const create = () =>
    putObject(bucket, key, Buffer.from('written to see what the server can do'), mark, { IfNoneMatch: '*' });
  try {
    await create().catch((error: unknown) => {
      // By a try of ours whose answer was lost.
      if (!isUnmet(error)) throw error;
    });
    return await create().then(
      () => false,
      (error: unknown) => {
        if (isUnmet(error)) return true;
        throw error;
      },
    );
  } catch (error) {
    if (isUnsupported(error)) return false;
    throw error instanceof S3Error ? toldOf(bucket, error) : error;
  } finally {
    // What was wrong is told by the writes; an old probe is deleted with the leftovers.
    await deleteObjects(bucket, [key]).catch(() => undefined);
  }
}

function where({ settings: { endpoint, region } }: Bucket): string {
  return endpoint === undefined ? `region = ${region}` : `regionendpoint = ${endpoint}`;
}

import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Options } from '../../services/stores/s3/options.ts';

const REGION = 'us-east-1';

/** Who owns the buckets of a server. */
export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A server that speaks S3, whoever made it. */
export interface S3Server {
  readonly endpoint: string;
  readonly credentials: S3Credentials;
  /** How a store reaches a bucket of its own, which is made. */
  newBucket(options?: Partial<S3Options>): Promise<S3Options>;
  /** For looking at buckets past the driver. */
  readonly client: S3Client;
}

/** Reaches a server of a test; what it needs for that ends with `cleanUp`. */
export function reachS3(
  endpoint: string,
  credentials: S3Credentials,
  cleanUp: AsyncDisposableStack,
): S3Server {
  const client = new S3Client({
    ...{ endpoint, region: REGION, forcePathStyle: true },
    credentials: { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey },
  });
  cleanUp.defer(() => client.destroy());
  return {
    ...{ endpoint, credentials, client },
    async newBucket(options = {}) {
      const bucket = `bucket-${randomUUID()}`;
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      return { bucket, region: REGION, endpoint, credentials, ...options };
    },
  };
}

import type { S3Server } from '../support/s3-server.ts';
import type { SharedStore } from './suite.ts';

/** A bucket of a server that is started for it, as a `storage` section. */
export async function openBucket(start: () => Promise<S3Server & AsyncDisposable>): Promise<SharedStore> {
  const server = await start();
  const { accessKey: accesskey, secretKey: secretkey } = server.credentials;
  const { bucket, region } = await server.newBucket();
  return {
    storage: {
      s3: {
        ...{ region, regionendpoint: server.endpoint, bucket, accesskey, secretkey },
        chunksize: 5 * 1024 * 1024,
      },
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { describeCluster } from './suite.ts';

describeCluster(requires([...RADOSGW_PROGRAMS, 'nginx', 'redis-server', 'openssl']), 'S3', async () => {
  const radosgw = await startRadosgw();
  const { bucket } = await radosgw.newBucket({});
  return {
    storage: {
      s3: {
        ...{ region: 'us-east-1', regionendpoint: radosgw.endpoint, bucket },
        ...{ accesskey: 'testaccess', secretkey: 'testsecret', chunksize: 5 * 1024 * 1024 },
      },
    },
    [Symbol.asyncDispose]: () => radosgw[Symbol.asyncDispose](),
  };
});

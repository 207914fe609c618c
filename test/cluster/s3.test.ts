import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { openBucket } from './s3-bucket.ts';
import { describeCluster } from './suite.ts';

describeCluster(requires([...RADOSGW_PROGRAMS, 'nginx', 'redis-server', 'openssl', 'skopeo']), 'S3', () =>
  openBucket(startRadosgw),
);

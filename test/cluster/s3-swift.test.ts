import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS } from '../support/swift.ts';
import { startSwiftS3 } from '../support/swift-s3.ts';
import { openBucket } from './s3-bucket.ts';
import { describeCluster } from './suite.ts';

describeCluster(
  nightly(requires([...SWIFT_PROGRAMS, 'nginx', 'redis-server', 'openssl', 'skopeo'])),
  "S3 as Swift's s3api speaks it",
  () => openBucket(startSwiftS3),
);

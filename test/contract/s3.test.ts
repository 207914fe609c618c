/** Promise: the S3 driver keeps the object store's contract on Ceph's gateway, and leaves no unfinished upload behind. */
import { RADOSGW_PROGRAMS, type Radosgw, startRadosgw } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { describeObjectStore } from './object-store.ts';
import { openS3Store, SMALL_PARTS_BELOW_A_ROOT } from './s3-store.ts';

requires(RADOSGW_PROGRAMS)('S3', function () {
  this.timeout(120_000);
  let radosgw: Radosgw;
  before(async () => {
    radosgw = await startRadosgw();
  });
  after(() => radosgw[Symbol.asyncDispose]());

  describeObjectStore('on Ceph', () => openS3Store(radosgw, {}));
  describeObjectStore('on Ceph, below a root, in small parts', () =>
    openS3Store(radosgw, SMALL_PARTS_BELOW_A_ROOT),
  );
});

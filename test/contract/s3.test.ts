/** Promise: the S3 driver keeps the object store's contract on Ceph's gateway, and leaves no unfinished upload behind. */
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { S3Options } from '../../services/stores/s3/options.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { RADOSGW_PROGRAMS, type Radosgw, startRadosgw } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { describeObjectStore, type OpenedStore } from './object-store.ts';

requires(RADOSGW_PROGRAMS)('S3', function () {
  this.timeout(120_000);
  let radosgw: Radosgw;
  before(async () => {
    radosgw = await startRadosgw();
  });
  after(() => radosgw[Symbol.asyncDispose]());

  const open = async (options: Partial<S3Options>): Promise<OpenedStore> => {
    const settings = await radosgw.newBucket(options);
    const store = await S3Store.open(settings);
    return {
      store,
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        const { Uploads } = await radosgw.client.send(
          new ListMultipartUploadsCommand({ Bucket: settings.bucket }),
        );
        expect(Uploads ?? [], 'uploads that nobody will end').to.deep.equal([]);
      },
    };
  };
  const MEBIBYTE = 1024 * 1024;

  describeObjectStore('on Ceph', () => open({}));
  // So small that the suite's larger bodies and copies go in parts.
  describeObjectStore('on Ceph, below a root, in small parts', () =>
    open({
      rootDirectory: '/some/root/',
      chunkSizeBytes: 5 * MEBIBYTE,
      multipartCopyThresholdBytes: 0,
      multipartCopyChunkSizeBytes: 5 * MEBIBYTE,
    }),
  );
});

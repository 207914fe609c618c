import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { S3Options } from '../../services/stores/s3/options.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import type { S3Server } from '../support/s3-server.ts';
import type { OpenedStore } from './object-store.ts';

const MEBIBYTE = 1024 * 1024;

/** So small that the suite's larger bodies and copies go in parts; and not at the bucket's top. */
export const SMALL_PARTS_BELOW_A_ROOT: Partial<S3Options> = {
  rootDirectory: '/some/prefix/',
  chunkSizeBytes: 5 * MEBIBYTE,
  multipartCopyThresholdBytes: 0,
  multipartCopyChunkSizeBytes: 5 * MEBIBYTE,
};

/** A store in a bucket of its own; disposing it holds it to have left no unfinished upload behind. */
export async function openS3Store(server: S3Server, options: Partial<S3Options>): Promise<OpenedStore> {
  const settings = await server.newBucket(options);
  const store = await S3Store.open(settings);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      const { Uploads } = await server.client.send(
        new ListMultipartUploadsCommand({ Bucket: settings.bucket }),
      );
      expect(Uploads ?? [], 'uploads that nobody will end').to.deep.equal([]);
    },
  };
}

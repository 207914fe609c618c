import { PutObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { startRadosgw } from '../../support/radosgw.ts';
import { startOver } from './start-over.ts';
import { LINK, linkKey, type TagStore } from './tag-store.ts';

/** A registry over a bucket at Ceph's gateway, both started for it. */
export async function s3Tags(): Promise<TagStore> {
  await using cleanUp = new AsyncDisposableStack();
  const ceph = cleanUp.use(await startRadosgw());
  const { accessKey: accesskey, secretKey: secretkey } = ceph.credentials;
  const { bucket, region } = await ceph.newBucket();
  const reached = { region, regionendpoint: ceph.endpoint, bucket, accesskey, secretkey };
  const server = cleanUp.use(await startOver({ s3: reached }));
  const held = cleanUp.move();
  return {
    title: "S3 (Ceph's gateway)",
    server,
    async makeTags(repository, tags) {
      await pMap(
        tags,
        (tag) =>
          ceph.client.send(
            new PutObjectCommand({ Bucket: bucket, Key: linkKey(repository, tag), Body: LINK }),
          ),
        { concurrency: 32 },
      );
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

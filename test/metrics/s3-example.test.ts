/** Promise: infra/config/s3-htpasswd.yml runs as its header says, over a real S3 bucket, with accounts of an htpasswd file. */
import { readFile } from 'node:fs/promises';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { parse } from 'yaml';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { PROCESSES, startFourProcesses, type Tree } from './four-processes.ts';

const SHIPPED = new URL('../../infra/config/s3-htpasswd.yml', import.meta.url);

requires([...RADOSGW_PROGRAMS, 'redis-server'])('the shipped file for S3 with htpasswd', () => {
  it('starts all four processes; a push of an account arrives in the bucket', async function () {
    this.timeout(120_000);
    await using radosgw = await startRadosgw();
    const { bucket, credentials } = await radosgw.newBucket();
    const { storage } = parse(await readFile(SHIPPED, 'utf8')) as { storage: { s3: Tree; delete: Tree } };
    // What another installation changes: where its bucket is, and who may use it.
    const s3 = {
      ...{ ...storage.s3, regionendpoint: radosgw.endpoint, redirectendpoint: radosgw.endpoint, bucket },
      ...{ accesskey: credentials?.accessKey, secretkey: credentials?.secretKey },
    };
    await using four = await startFourProcesses(
      (config) => ({ ...config, storage: { ...storage, s3 } }),
      undefined,
      SHIPPED,
    );
    const digest = await four.push(Buffer.from('a blob'));
    const authorization = `Bearer ${await four.token('repository:ann/images:pull')}`;
    const url = `${four.apiUrl}/v2/ann/images/blobs/${digest}`;
    expect(await (await fetch(url, { headers: { authorization } })).text()).to.equal('a blob');
    const { Contents = [] } = await radosgw.client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(Contents.map(({ Key = '' }) => Key).join('\n')).to.include(digest.slice('sha256:'.length));
    for (const name of PROCESSES)
      expect((await fetch(`${four.debugUrls[name]}/readyz`)).status).to.equal(200);
  });
});

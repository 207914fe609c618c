/**
 * Promise: a bucket that may only be read can be read and looked at; opened for writing, it is refused at the start, with
 * the place where the rights end; and a probe leaves nothing that anybody sees.
 */
import { ListMultipartUploadsCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { StoreNotWritableError } from '../../services/registry/storage/object-store.ts';
import type { S3Options } from '../../services/stores/s3/options.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { rejection } from '../contract/area.ts';
import { RADOSGW_PROGRAMS, type Radosgw, startRadosgw } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';

const READER = { accessKey: 'readeraccess', secretKey: 'readersecret' };

requires(RADOSGW_PROGRAMS)('a bucket with few rights', function () {
  this.timeout(60_000);
  let radosgw: Radosgw;
  let owned: S3Options;
  let options: S3Options;
  before(async () => {
    radosgw = await startRadosgw();
    const keys = [`--access-key=${READER.accessKey}`, `--secret=${READER.secretKey}`];
    await radosgw.admin('user', 'create', '--uid=reader', '--display-name=reader', ...keys);
    owned = await radosgw.newBucket();
    options = { ...owned, credentials: READER };
    await using owner = await S3Store.open(owned);
    await owner.put('docker/registry/v2/a', Buffer.from('bytes'));
  });
  after(() => radosgw?.[Symbol.asyncDispose]());

  /** Lets the reader read, and write below some prefixes. */
  const allow = async (...writable: readonly string[]) => {
    const { bucket: Bucket } = owned;
    const arn = `arn:aws:s3:::${Bucket}`;
    const rule = (actions: readonly string[], resources: readonly string[]) => ({
      ...{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] } },
      ...{ Action: actions.map((action) => `s3:${action}`), Resource: resources },
    });
    const writing = ['PutObject', 'DeleteObject', 'AbortMultipartUpload', 'ListMultipartUploadParts'];
    const Statement = [
      rule(['ListBucket', 'GetObject'], [arn, `${arn}/*`]),
      ...(writable.length > 0
        ? [
            rule(
              writing,
              writable.map((prefix) => `${arn}/${prefix}*`),
            ),
          ]
        : []),
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await radosgw.client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  };
  const openAndProbe = async () => {
    await using store = await S3Store.open(options);
    await store.probeWrites();
  };

  it('is read by who may only read', async () => {
    await allow();
    await using store = await S3Store.open({ ...options, mode: 'read' });
    expect((await store.list({ prefix: '', limit: 10 })).keys).to.deep.equal(['docker/registry/v2/a']);
    expect(String(await store.read('docker/registry/v2/a', 100))).to.equal('bytes');
  });

  it('is refused for writing to who may only read, by what went wrong first', async () => {
    await allow();
    const error = await rejection(openAndProbe());
    expect(error).to.be.instanceOf(StoreNotWritableError);
    expect(String(error)).to.match(
      /storage\.s3\.bucket = .* may not write and delete below roadstead\/probes\/ \(AccessDenied\)/,
    );
    expect(String(error)).not.to.match(/DeleteObject|readeraccess|readersecret/);
  });

  it('is refused for writing to who may write to one prefix only', async () => {
    await allow('roadstead/');
    expect(String(await rejection(openAndProbe()))).to.match(
      /may not write and delete below docker\/registry\/v2\/blobs\//,
    );
    await allow('roadstead/', 'docker/registry/v2/blobs/');
    expect(String(await rejection(openAndProbe()))).to.match(/below docker\/registry\/v2\/repositories\//);
  });

  it('is opened for writing by who may write, and nothing of the probes stays', async () => {
    await allow('');
    await openAndProbe();
    await using owner = await S3Store.open({ ...owned, mode: 'read' });
    expect((await owner.list({ prefix: '', limit: 10 })).keys).to.deep.equal(['docker/registry/v2/a']);
    const { Uploads } = await radosgw.client.send(new ListMultipartUploadsCommand({ Bucket: owned.bucket }));
    expect(Uploads ?? []).to.deep.equal([]);
    expect(await owner.putIfAbsent('roadstead/x', Buffer.from('1'))).to.equal('created');
    expect(await owner.putIfAbsent('roadstead/x', Buffer.from('2'))).to.equal('exists');
  });
});

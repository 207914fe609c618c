/**
 * Promise: an upload to which bytes are being added is not purged, however long the request takes and however short the
 * age is; nor is what a write has put into the store so far.
 */

import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import {
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandOutput,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { purgeUploads } from '../../services/registry/garbage/online/purge-uploads.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { send } from '../protocol/wire.ts';
import { eventually } from '../support/eventually.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { RADOSGW_PROGRAMS, type Radosgw, startRadosgw } from '../support/radosgw.ts';
import { startRegistry } from '../support/registry.ts';
import { type DefineSuite, requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const AGE_MS = 6000;
const SENT_EACH_MS = 200;
/** Over S3 the parts of a bucket's multipart upload have 5 MiB: a second of this makes one. */
const SENT_BYTES = 1024 * 1024;
const UPLOADS = '/v2/slow/blobs/uploads/';

interface Opened {
  readonly storage: Readonly<Record<string, unknown>>;
  readonly objects: ObjectStore;
}

/** A chunked PATCH that the test sends bytes to. */
function openPatch(url: string) {
  const hash = createHash('sha256');
  const outgoing = request(url, { method: 'PATCH', agent: false });
  const status = new Promise<number | undefined>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
  status.catch(() => undefined);
  return {
    status,
    send() {
      const bytes = randomBytes(SENT_BYTES);
      hash.update(bytes);
      outgoing.write(bytes);
    },
    /** Ends it; returns the digest of what was sent. */
    end() {
      outgoing.end();
      return `sha256:${hash.digest('hex')}`;
    },
  };
}

function describeGrowing(
  describeIt: DefineSuite,
  kind: string,
  open: (held: AsyncDisposableStack) => Promise<Opened>,
): void {
  describeIt(`an upload that grows slowly, over ${kind}`, function () {
    this.timeout(90_000);
    const held = new AsyncDisposableStack();
    after(() => held.disposeAsync());

    it('outlives others that were begun at the same time, and is finished', async () => {
      const { storage, objects } = await open(held);
      const maintenance = { uploadpurging: { age: `${AGE_MS}ms`, enabled: true } };
      const node = held.use(
        await startRegistry({
          ...{ command: 'api', promotion: false },
          config: (config) => ({ ...config, storage: { ...storage, maintenance }, auth: 'none' }),
        }),
      );
      const begin = async () => {
        const begun = await send(node.url, UPLOADS, { method: 'POST' });
        return new URL(begun.headers.location ?? '', node.url).pathname;
      };
      const purge = () =>
        purgeUploads({
          ...{ objects, now: Date.now(), signal: new AbortController().signal },
          fence: OPEN_FENCE,
          mayChange: async () => undefined,
          settings: { ageMs: AGE_MS, intervalMs: 0, dryRun: false },
          logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
        });
      const path = await begin();
      const patch = openPatch(`${node.url}${path}`);
      // Each idle upload is gone after the age: two of them last twice as long.
      for (let i = 0; i < 2; i++) {
        const idle = await begin();
        const isPurged = async () => {
          patch.send();
          await purge();
          return (await send(node.url, idle)).status === 404;
        };
        await eventually('an idle upload is purged', isPurged, 30_000, SENT_EACH_MS);
      }
      const digest = patch.end();
      expect(await patch.status).to.equal(202);
      const closed = await send(node.url, `${path}?digest=${digest}`, { method: 'PUT' });
      expect(closed.status, closed.body.toString()).to.equal(201);
    });
  });
}

describeGrowing(requires([]), 'files', async (held) => {
  const { path: rootDirectory } = held.use(await tempDir('growing'));
  return {
    storage: { filesystem: { rootdirectory: rootDirectory, sync: false } },
    objects: held.use(await FilesystemStore.open({ rootDirectory, sync: false })),
  };
});

describeGrowing(requires(RADOSGW_PROGRAMS), 'S3', async (held) => {
  const server = held.use(await startRadosgw());
  const options = await server.newBucket();
  const { accessKey: accesskey, secretKey: secretkey } = server.credentials;
  const { region, bucket, endpoint: regionendpoint } = options;
  const chunksize = 5 * 1024 * 1024;
  return {
    storage: { s3: { region, bucket, regionendpoint, accesskey, secretkey, chunksize } },
    objects: held.use(await S3Store.open(options)),
  };
});

requires(RADOSGW_PROGRAMS)('a multipart upload of a bucket', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let server: Radosgw;
  before(async () => {
    server = held.use(await startRadosgw());
  });
  after(() => held.disposeAsync());

  it('is a leftover by the age of its newest part, not of its beginning', async () => {
    const options = await server.newBucket();
    const store = held.use(await S3Store.open(options));
    const which = { Bucket: options.bucket, Key: 'an/object' };
    const { UploadId }: CreateMultipartUploadCommandOutput = await server.client.send(
      new CreateMultipartUploadCommand(which),
    );
    const countOpen = async () =>
      (await server.client.send(new ListMultipartUploadsCommand({ Bucket: options.bucket }))).Uploads
        ?.length ?? 0;
    let begunBefore = new Date();
    // The server's clock has to move past the beginning: then only the part is younger.
    await eventually('a later time', () => Date.now() > begunBefore.getTime() + 1000);
    begunBefore = new Date();
    await server.client.send(
      new UploadPartCommand({ ...which, UploadId, PartNumber: 1, Body: Buffer.from('1') }),
    );
    await store.removeLeftovers(begunBefore);
    expect(await countOpen()).to.equal(1);
    await eventually('the part is older', async () => {
      await store.removeLeftovers(new Date());
      return (await countOpen()) === 0;
    });
  });
});

/**
 * Promise: on a file system and on S3 alike, whoever asks for content in the moment in which it is deleted is told the
 * truth, and what they then push or promote stays; abandoned uploads go with all that they left; and on S3 a cycle
 * deletes in batches and asks for little more than pages of listings.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import pMap from 'p-map';
import { digestOf } from '../../services/registry/oci/digest.ts';
import type { RepositoryName } from '../../services/registry/oci/names.ts';
import { blobDataKey, layerLinkKey, revisionLinkKey } from '../../services/registry/storage/layout.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { TEMPORARY } from '../../services/stores/filesystem/paths.ts';
import type { S3Options } from '../../services/stores/s3/options.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { operationOf } from '../stores/s3-world.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { RADOSGW_PROGRAMS, type Radosgw, startRadosgw } from '../support/radosgw.ts';
import { startRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { cycle, HOUR } from './cycles.ts';
import { type CollectedStore, describeCollectedStore } from './online-stores.ts';

const BLOBS = 2000;
const GARBAGE = BLOBS / 100;
const MANIFESTS = 10;
const PUTS_AT_ONCE = 64;

describe('a collection on a file system, during pushes', () => {
  describeCollectedStore(async (): Promise<CollectedStore> => {
    await using held = new AsyncDisposableStack();
    const registry = held.use(await startRegistry({ delete: true }));
    const { rootDirectory, url } = registry;
    const objects = held.use(await FilesystemStore.open({ rootDirectory, sync: false }));
    const temporary = join(rootDirectory, TEMPORARY);
    const all = held.move();
    return {
      ...{ url, objects },
      async breakOff() {
        await mkdir(temporary, { recursive: true });
        await writeFile(join(temporary, 'half'), 'of a bl');
      },
      leftovers: async () => (await readdir(temporary)).length,
      [Symbol.asyncDispose]: () => all.disposeAsync(),
    };
  });
});

requires(RADOSGW_PROGRAMS)('a collection on S3', function () {
  this.timeout(240_000);
  let radosgw: Radosgw;
  before(async () => {
    radosgw = await startRadosgw();
  });
  after(() => radosgw[Symbol.asyncDispose]());

  describe('during pushes', () => {
    describeCollectedStore(async (): Promise<CollectedStore> => {
      await using held = new AsyncDisposableStack();
      const options = await radosgw.newBucket({ rootDirectory: '/images' });
      const registry = held.use(
        await startRegistry({ config: (config) => ({ ...config, storage: storageOf(options) }) }),
      );
      const objects = held.use(await S3Store.open(options));
      const { bucket: Bucket } = options;
      const all = held.move();
      return {
        ...{ url: registry.url, objects },
        async breakOff() {
          const Key = 'images/docker/registry/v2/blobs/sha256/00/begun/data';
          await radosgw.client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
        },
        async leftovers() {
          const { Uploads } = await radosgw.client.send(new ListMultipartUploadsCommand({ Bucket }));
          return Uploads?.length ?? 0;
        },
        [Symbol.asyncDispose]: () => all.disposeAsync(),
      };
    });
  });

  it(`of ${BLOBS} blobs, 1 in 100 of them garbage, costs its pages and batches`, async () => {
    const options = await radosgw.newBucket();
    await using proxy = await startFaultProxy(radosgw.endpoint);
    await using direct = await S3Store.open(options);
    await pMap(manyBlobs(), ([key, bytes]) => direct.put(key, Buffer.from(bytes)), {
      concurrency: PUTS_AT_ONCE,
    });
    await using objects = await S3Store.open({ ...options, endpoint: proxy.endpoint });
    const first = await cycle(objects, { at: 0 });
    expect(first.counts).to.include({ stored: BLOBS, manifestsRead: MANIFESTS, quarantined: GARBAGE });
    const requests: Record<string, number> = {};
    proxy.rule = (request) => {
      const operation = operationOf(request);
      requests[operation] = (requests[operation] ?? 0) + 1;
      return undefined;
    };
    const second = await cycle(objects, { at: 2 * HOUR });
    console.log(`      ${JSON.stringify(requests)}`);
    expect(second.counts).to.include({ stored: BLOBS - GARBAGE, deleted: GARBAGE, linksDeleted: GARBAGE });
    // Links, bytes, and what the collector kept of its own.
    expect(requests['DeleteObjects']).to.be.within(2, 5);
    expect(requests['DeleteObject']).to.be.at.most(5);
    const pages = Math.ceil(BLOBS / 1000) + 1;
    expect(requests['ListObjectsV2']).to.be.within(pages, pages + 20);
    expect(Object.values(requests).reduce((sum, count) => sum + count)).to.be.at.most(pages + 50);
  });
});

/** The `storage` section for a bucket. */
function storageOf({ bucket, region, endpoint, rootDirectory, credentials }: S3Options): object {
  const { accessKey: accesskey, secretKey: secretkey } = credentials ?? {};
  return {
    s3: {
      ...{ region, regionendpoint: endpoint, bucket, accesskey, secretkey },
      ...{ rootdirectory: rootDirectory, chunksize: 5 * 1024 * 1024 },
    },
    delete: { enabled: true },
    redirect: { disable: true },
  };
}

/** Objects of {@link BLOBS} blobs: manifests, their layers, and garbage that a repository has links to. */
function* manyBlobs(): Generator<readonly [string, string]> {
  const name = 'candidate/many' as RepositoryName;
  const layersOf = (BLOBS - GARBAGE - MANIFESTS) / MANIFESTS;
  for (let at = 0; at < MANIFESTS; at++) {
    const layers = [];
    for (let i = 0; i < layersOf; i++) {
      const text = `layer ${at} ${i}`;
      const digest = digestOf(Buffer.from(text));
      layers.push({ mediaType: 'a/b', digest, size: text.length });
      yield [blobDataKey(digest), text];
    }
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'a/b', layers });
    const digest = digestOf(Buffer.from(manifest));
    yield [blobDataKey(digest), manifest];
    yield [revisionLinkKey(name, digest), digest];
  }
  for (let i = 0; i < GARBAGE; i++) {
    const digest = digestOf(Buffer.from(`garbage ${i}`));
    yield [blobDataKey(digest), `garbage ${i}`];
    yield [layerLinkKey(name, digest), digest];
  }
}

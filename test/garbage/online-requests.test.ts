/**
 * Promise: a cycle over 100,000 blobs, of which 1 in 100 is garbage, costs at most 1.2 requests for each page listed
 * and each batch deleted, reads no manifest that an earlier one has read, and takes less than 200 MB.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { digestOf } from '../../services/registry/digest.ts';
import {
  blobDataKey,
  layerLinkKey,
  publicationNumberKey,
  revisionLinkKey,
  tagCurrentKey,
  tagIndexKey,
} from '../../services/registry/layout.ts';
import type { RepositoryName, Tag } from '../../services/registry/names.ts';
import { cycle, HOUR } from './cycles.ts';
import { SortedObjects } from './sorted-objects.ts';

const REPOSITORIES = 500;
const IMAGES = 24_750;
const LAYERS = 2;
const GARBAGE = 1000;
const PAGE = 1000;

/** 99,000 blobs in use (an image is a manifest, a config and two layers), and 1000 that are not. */
function manyBlobs(): SortedObjects {
  const objects = new SortedObjects();
  const then = new Date(0);
  const holdBlob = (name: RepositoryName, text: string) => {
    const digest = digestOf(Buffer.from(text));
    objects.hold(blobDataKey(digest), text, then);
    objects.hold(layerLinkKey(name, digest), digest, then);
    return { mediaType: 'application/octet-stream', digest, size: text.length };
  };
  for (let i = 0; i < IMAGES; i++) {
    const name = `candidate/part-${i % 7}/app-${i % REPOSITORIES}` as RepositoryName;
    const config = holdBlob(name, `config ${i}`);
    const layers = Array.from({ length: LAYERS }, (_, at) => holdBlob(name, `layer ${i} ${at}`));
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'a/b', config, layers });
    const digest = digestOf(Buffer.from(manifest));
    objects.hold(blobDataKey(digest), manifest, then);
    objects.hold(revisionLinkKey(name, digest), digest, then);
    objects.hold(tagCurrentKey(name, `build-${i}` as Tag), digest, then);
    objects.hold(tagIndexKey(name, `build-${i}` as Tag, digest), digest, then);
    if (i % 10 === 0) objects.hold(publicationNumberKey('default', config.digest), '1', then);
  }
  for (let i = 0; i < GARBAGE; i++) holdBlob('candidate/old' as RepositoryName, `garbage ${i}`);
  return objects;
}

function megabytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

/** What is left in memory when all that can go has gone: for the store itself is in this process. */
function settledMegabytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return megabytes();
}

describe('a cycle over 100,000 blobs', function () {
  this.timeout(120_000);

  it('costs no more than its pages and batches, and what is new', async () => {
    const objects = manyBlobs();
    const first = await cycle(objects, { at: 0 });
    expect(first.counts).to.include({
      stored: 100_000,
      manifestsRead: IMAGES,
      quarantined: GARBAGE,
      deleted: 0,
    });
    const before = settledMegabytes();
    let peak = 0;
    objects.onList = () => {
      peak = Math.max(peak, megabytes());
    };
    objects.reset();
    const second = await cycle(objects, { at: 2 * HOUR });
    expect(second.counts).to.include({
      stored: 99_000,
      manifestsRead: 0,
      deleted: GARBAGE,
      linksDeleted: GARBAGE,
    });
    const fair = objects.keysListed / PAGE + objects.keysDeleted / PAGE;
    console.log(
      `      ${objects.total} requests (${JSON.stringify(objects.requests)}) for ${objects.keysListed} keys listed and ` +
        `${objects.keysDeleted} deleted: ${(objects.total / fair).toFixed(2)} of what pages and batches cost; ` +
        `${Math.round(peak - before)} MB more than before`,
    );
    expect(objects.total).to.be.at.most(1.2 * fair);
    expect(peak - before).to.be.within(1, 200);
  });

  it('reads again only what has changed', async () => {
    const objects = manyBlobs();
    await cycle(objects, { at: 0 });
    const name = 'candidate/new' as RepositoryName;
    const bytes = JSON.stringify({ schemaVersion: 2, mediaType: 'a/b', layers: [] });
    objects.hold(blobDataKey(digestOf(Buffer.from(bytes))), bytes, new Date(0));
    objects.hold(
      revisionLinkKey(name, digestOf(Buffer.from(bytes))),
      digestOf(Buffer.from(bytes)),
      new Date(0),
    );
    const { counts } = await cycle(objects, { at: HOUR / 2 });
    expect(counts.manifestsRead).to.equal(1);
  });
});

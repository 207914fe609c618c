/**
 * Promise: a cycle over 100,000 blobs, of which 1 in 100 is garbage, costs at most 1.2 requests for each page listed
 * and each batch deleted, reads no manifest that an earlier one has read, and takes less than 200 MB.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { digestOf } from '../../services/registry/oci/digest.ts';
import type { RepositoryName } from '../../services/registry/oci/names.ts';
import { blobDataKey, revisionLinkKey } from '../../services/registry/storage/layout.ts';
import { cycle, HOUR } from './cycles.ts';
import { countsOf, manyBlobs } from './many-blobs.ts';
import { SortedObjects } from './sorted-objects.ts';

const PAGE = 1000;
const COUNTS = countsOf(100_000);

/** A store of them, in memory. */
function storeOfMany(): SortedObjects {
  const objects = new SortedObjects();
  for (const [key, text] of manyBlobs(COUNTS)) objects.hold(key, text, new Date(0));
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
    const objects = storeOfMany();
    const first = await cycle(objects, { at: 0 });
    expect(first.counts).to.include({
      stored: COUNTS.blobs,
      manifestsRead: COUNTS.images,
      quarantined: COUNTS.garbage,
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
      stored: COUNTS.blobs - COUNTS.garbage,
      manifestsRead: 0,
      deleted: COUNTS.garbage,
      linksDeleted: COUNTS.garbage,
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
    const objects = storeOfMany();
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

/**
 * Promise: a layer of 2 GiB costs none of the three nodes that take it, over S3, more than 250 MB of memory: neither the one
 * that has all of it, nor those that take it in turns.
 */
import { expect } from 'chai';
import { pullLargeLayer, pushLargeLayer } from '../faults/large-layer.ts';
import { MIB, type Residence, residenceDuring } from '../faults/resident.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { nightly, requires } from '../support/requirements.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { openBucket } from './s3-bucket.ts';

const LAYER_BYTES = 2048 * MIB;
const NODE_MAX_BYTES = 250_000_000;

/** How large each PATCH is. Each kind has a store of its own: one that keeps all in memory has no room for more. */
const KINDS = {
  'in one request': LAYER_BYTES,
  'by all three, each request to another': 64 * MIB,
};

for (const [how, patchBytes] of Object.entries(KINDS))
  nightly(requires([...RADOSGW_PROGRAMS, 'nginx', 'redis-server', 'openssl']))(
    `the memory of three nodes over S3, when a layer of 2 GiB is pushed ${how}`,
    function () {
      this.timeout(600_000);
      const held = new AsyncDisposableStack();
      let cluster: Cluster;
      before(async () => {
        const store = held.use(await openBucket(startRadosgw));
        cluster = held.use(await startCluster(store.storage));
      });
      after(() => held.disposeAsync());

      /** Watches each node while something happens. */
      const watch = async (what: string, act: () => Promise<void>): Promise<void> => {
        const done = act();
        const residences = await Promise.all(
          cluster.nodes.map(({ daemon }) => residenceDuring(daemon.pid, () => done)),
        );
        const { tookMs } = residences[0] as Residence;
        const inMb = (bytes: number) => Math.round(bytes / 1e6);
        const told = residences.map((each) => `${inMb(each.lowestBytes)} to ${inMb(each.highestBytes)}`);
        const rate = Math.round(LAYER_BYTES / MIB / (tookMs / 1000));
        console.log(`      ${what}: ${told.join(', ')} MB, ${rate} MiB/s`);
        for (const { highestBytes } of residences) expect(highestBytes).to.be.below(NODE_MAX_BYTES);
      };
      let digest: string;

      it('is bounded during that', () =>
        watch('push', async () => {
          digest = await pushLargeLayer(cluster.url, LAYER_BYTES, { patchBytes });
        }));

      it('is bounded while it is pulled', () =>
        watch('pull', async () => {
          expect(await pullLargeLayer(cluster.url, digest)).to.deep.equal({ redirected: false, digest });
        }));
    },
  );

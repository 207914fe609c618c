import { mkdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { imageOf } from './images.ts';
import { pullLargeLayer, pushLargeLayer } from './large-layer.ts';
import { MIB, type Residence, residenceDuring } from './resident.ts';
import { type StaticMirror, startStaticMirror } from './static-mirror.ts';
import { REPOSITORY, UploadClient } from './upload-client.ts';
import { Uploader } from './uploads.ts';

/** In MiB. Twice as much at night: the times of all of it are those of the disk. */
const LAYER_MIB = process.env['NIGHTLY'] === '1' ? 2048 : 1024;
const LAYER_BYTES = LAYER_MIB * MIB;
const WARM_UP_BYTES = LAYER_BYTES / 8;
/** More than this beyond what a layer of an eighth of the size takes is not flat; less is no fault. */
const FLAT_BYTES = 50 * MIB;
/** The layer in the store, on the mirror, and some air. */
const DISK_BYTES = 3 * LAYER_BYTES;
const STABLE = 'app';

describe('the memory of a registry', function () {
  this.timeout(300_000);
  let home: TempDir;
  let mirror: StaticMirror;
  let registry: TestRegistry;
  let baselineBytes: number;
  let digest: string;

  const watch = async (what: string, act: () => Promise<void>): Promise<Residence> => {
    const residence = await residenceDuring(registry.daemon.pid, act);
    const mib = (bytes: number) => Math.round(bytes / MIB);
    const { lowestBytes, highestBytes, samples, tookMs } = residence;
    const rate = Math.round(LAYER_BYTES / MIB / (tookMs / 1000));
    console.log(
      `      ${what}: ${mib(lowestBytes)} to ${mib(highestBytes)} MiB in ${samples} samples, ${rate} MiB/s`,
    );
    return residence;
  };
  const expectFlat = ({ highestBytes }: Residence) =>
    expect((highestBytes - baselineBytes) / MIB, 'MiB above the baseline').to.be.at.most(FLAT_BYTES / MIB);
  const promote = async (layer: string, sizeBytes: number, tag: string) => {
    await using client = new UploadClient(registry.url);
    const image = imageOf({ mediaType: MEDIA_TYPES.layer, digest: layer, size: sizeBytes });
    for (const blob of image.blobs) await new Uploader(client).push(REPOSITORY, blob, 'patch');
    await client.expect(201, 'PUT', `/v2/${REPOSITORY}/manifests/${tag}`, {
      headers: { 'content-type': image.top.mediaType },
      body: image.top.bytes,
    });
    const answer = await client.expect(200, 'POST', '/api/v1/promotions', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source: `${REPOSITORY}:${tag}`, target: `${STABLE}:${tag}`, waitMirrors: 1 }),
    });
    expect(answer.body.toString()).to.match(/"done","outcome":"promoted"/);
  };

  before(async function () {
    const { bavail, bsize } = await statfs(tmpdir());
    if (bavail * bsize < DISK_BYTES) {
      if (process.env['CI'] === 'true') throw new Error(`needs ${DISK_BYTES / MIB} MiB of disk`);
      console.log(`      skipped: needs ${DISK_BYTES / MIB} MiB of disk in ${tmpdir()}`);
      this.skip();
    }
    home = await tempDir('memory');
    const directory = join(home.path, 'mirror');
    await mkdir(directory);
    mirror = await startStaticMirror(directory);
    const mirrors = [{ name: 'near', url: mirror.url, sameoperator: true, write: { directory } }];
    registry = await startRegistry({ mirrors, sync: false });

    // What counts is what eight times the bytes add. At rest the process gives memory back, how much is the collector's
    // whim; so it is compared with what the same work takes for a smaller layer.
    const warmUp = await residenceDuring(registry.daemon.pid, async () => {
      // Several times, for the heap takes a while to find its size.
      for (const round of ['first', 'second', 'third']) {
        const small = await pushLargeLayer(registry.url, WARM_UP_BYTES);
        await pullLargeLayer(registry.url, small);
        await promote(small, WARM_UP_BYTES, round);
      }
    });
    baselineBytes = warmUp.highestBytes;
    console.log(`      with a layer of ${WARM_UP_BYTES / MIB} MiB: ${Math.round(baselineBytes / MIB)} MiB`);
  });
  after(async () => {
    await registry?.[Symbol.asyncDispose]();
    await mirror?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  it(`stays flat while a layer of ${LAYER_MIB} MiB is pushed`, async () => {
    const residence = await watch('push', async () => {
      digest = await pushLargeLayer(registry.url, LAYER_BYTES);
    });
    expectFlat(residence);
  });

  it('stays flat while that layer is pulled', async () => {
    const residence = await watch('pull', async () => {
      const pulled = await pullLargeLayer(registry.url, digest);
      expect(pulled).to.deep.equal({ redirected: false, digest });
    });
    expectFlat(residence);
  });

  it('stays flat while that layer is promoted and published to a mirror', async () => {
    expectFlat(await watch('promotion', () => promote(digest, LAYER_BYTES, '1')));
    expect(await pullLargeLayer(registry.url, digest, STABLE)).to.deep.equal({ redirected: true, digest });
  });
});

/** Promise: a store that stumbles for some seconds throws no upload to a mirror away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import { type S3Parts, startS3Parts } from './s3-parts.ts';
import { awaitComplete, MIB, releaseImage } from './scene.ts';

const LAYER_BYTES = 40 * MIB;
/** The upload takes 27 s: it begins before the store stumbles, and ends after. */
const BYTES_PER_SECOND = 1.5 * MIB;
/** The share that is there when the store begins to stumble: more than may be sent again. */
const BEGUN = 0.4;
const STUMBLE_MS = 12_000;
const SENT_MAX = 1.3;

requires(RADOSGW_PROGRAMS)('a store that answers 503 for 12 s during an upload', function () {
  this.timeout(120_000);
  const held = new AsyncDisposableStack();
  let mirror: FaultMirror;
  let parts: S3Parts;

  before(async () => {
    mirror = held.use(await startFaultMirror({ faults: { bytesPerSecond: BYTES_PER_SECOND } }));
    const server = held.use(await startRadosgw());
    parts = held.use(await startS3Parts(server, [mirror.entry('slow')]));
    await parts.startSync();
  });
  after(() => held.disposeAsync());

  const uploadedBytes = () =>
    mirror.requests
      .filter(({ method }) => method === 'PUT')
      .reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);

  it('throws none of it away', async () => {
    await releaseImage({ node: parts.api, release: parts.release }, '1', [LAYER_BYTES]);
    await eventually('the upload is under way', () => uploadedBytes() > LAYER_BYTES * BEGUN, 40_000);
    const through = parts.proxies.sync.rule;
    let refused = 0;
    parts.proxies.sync.rule = (request) => {
      refused++;
      through(request);
      return { kind: 'answer', status: 503 };
    };
    await sleep(STUMBLE_MS);
    parts.proxies.sync.rule = through;
    expect(refused, 'requests while it stumbled').to.be.above(0);
    // Reading it at the mirror is slow as well.
    mirror.faults.bytesPerSecond = LAYER_BYTES;
    await awaitComplete(parts.release.url, ['slow'], 60_000);
    const ratio = uploadedBytes() / LAYER_BYTES;
    console.log(`      sent ${ratio.toFixed(2)} times what the blob has`);
    expect(ratio).to.be.at.most(SENT_MAX);
  });
});

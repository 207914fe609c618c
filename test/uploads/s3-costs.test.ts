/**
 * Promise: over a bucket, too, neither a piece of an upload nor its end costs more for what came before: counted in the
 * bucket's requests and in the bytes that they carry.
 */
import { expect } from 'chai';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { PiecewiseUpload } from './piecewise.ts';

const PIECE_BYTES = 1000;
/** Small segments are merged when there are so many. */
const TURN = 16;
const TURNS = 5;

requires(RADOSGW_PROGRAMS)('an upload in many pieces over S3', function () {
  this.timeout(120_000);
  const held = new AsyncDisposableStack();
  let proxy: FaultProxy;
  let store: S3Store;
  let seen = { requests: 0, sentBytes: 0 };
  before(async () => {
    const radosgw = held.use(await startRadosgw());
    proxy = held.use(await startFaultProxy(radosgw.endpoint));
    proxy.rule = ({ headers }) => {
      seen.requests++;
      seen.sentBytes += Number(headers['x-amz-decoded-content-length'] ?? headers['content-length'] ?? 0);
      return undefined;
    };
    store = held.use(await S3Store.open({ ...(await radosgw.newBucket()), endpoint: proxy.endpoint }));
  });
  after(() => held.disposeAsync());

  const take = () => {
    const taken = seen;
    seen = { requests: 0, sentBytes: 0 };
    return taken;
  };

  it('costs the same for each piece and to close', async () => {
    const upload = await PiecewiseUpload.begin(store);
    take();
    const turns: { requests: number; sentBytes: number }[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      for (let i = 0; i < TURN; i++) await upload.append(PIECE_BYTES);
      turns.push(take());
    }
    const [, early, , , late] = turns;
    if (early === undefined || late === undefined) throw new Error('nothing was measured');
    expect(late.requests).to.be.at.most(early.requests * 1.1);
    expect(late.sentBytes).to.be.at.most(early.sentBytes * 1.1);
    await upload.close();
    const all = take();
    // What the pieces have become: a segment for each turn, each looked at and read.
    expect(all.requests).to.be.at.most(10 + 4 * TURNS);
    expect(all.sentBytes).to.be.at.most(PIECE_BYTES * TURN * TURNS + 4000);
  });

  it('that are large enough to be copied by the bucket is closed without their passing through here', async () => {
    const upload = await PiecewiseUpload.begin(store);
    for (let i = 0; i < 3; i++) await upload.append(6_000_000);
    take();
    const { sizeBytes } = await upload.close();
    expect(sizeBytes).to.equal(18_000_000);
    expect(take().sentBytes).to.be.below(10_000);
  });
});

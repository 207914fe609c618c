/**
 * Promise: entries are published in their order, whole; a blob that a mirror refuses holds nothing up, and what has arrived is
 * not sent or asked for again.
 */
import { expect } from 'chai';
import { Metrics } from '../../services/http/metrics.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { type Digest, digestOf, hexOf } from '../../services/registry/oci/digest.ts';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import { catchUp } from '../../services/sync/mirrors/catch-up.ts';
import { healMissing } from '../../services/sync/mirrors/heal.ts';
import { Transfer } from '../../services/sync/mirrors/transfer.ts';
import { WebdavTarget } from '../../services/sync/targets/webdav.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp.ts';
import { type MemoryMirror, startMemoryMirror } from './memory-mirror.ts';
import { BLOBS_PER_ENTRY, blobsAt, bytesAt, openSession, storeWith } from './mirror-world.ts';

const ENTRIES = 3;

describe('a mirror that is published to', function () {
  this.timeout(30_000);
  const stop = new AbortController();
  const { signal } = stop;
  const held = new AsyncDisposableStack();
  let directory: string;
  before(async () => {
    directory = held.use(await tempDir('catch-up')).path;
  });
  after(async () => {
    stop.abort();
    await held.disposeAsync();
  });

  const open = async (watermark = 0) => {
    const mirror = held.use(await startMemoryMirror());
    const objects = storeWith(ENTRIES);
    for (let seq = 1; seq <= ENTRIES; seq++)
      for (let i = 0; i < BLOBS_PER_ENTRY; i++) {
        const bytes = bytesAt(seq, i);
        objects.hold(blobDataKey(digestOf(bytes)), bytes);
      }
    const { blobs } = contentOf(objects);
    const metrics = new Metrics();
    const settings = { spool: { directory, maxsize: 0 }, uploads: 4 };
    const transfer = held.use(new Transfer({ settings: settings as never, blobs, objects, metrics }));
    const target = new WebdavTarget({ url: mirror.url });
    const { session } = await openSession({
      ...{ objects, url: mirror.url, signal, ledger: { watermark } },
      parts: { target, transfer, metrics },
    });
    return { mirror, session };
  };
  /** Answers uploads of one blob with this status while there is one. */
  const refuse = (mirror: MemoryMirror, digest: Digest, status: () => number | undefined) => {
    mirror.answer = (request, response) => {
      const code = request.method === 'PUT' && request.url?.includes(hexOf(digest)) ? status() : undefined;
      if (code === undefined) return mirror.ordinary(request, response);
      request.resume();
      response.writeHead(code, { 'retry-after': '1' }).end();
    };
  };

  it('gets everything else, also of later entries, when it refuses a blob for good', async () => {
    const { mirror, session } = await open();
    const [, refused] = blobsAt(1);
    if (refused === undefined) throw new Error('no blob');
    refuse(mirror, refused, () => 413);
    catchUp(session).catch(() => undefined);
    await eventually('it has what it takes', () => session.ledger.watermark === ENTRIES);
    expect(session.ledger.missing).to.have.lengthOf(1);
    expect(session.ledger.missing[0]).to.include({ digest: refused, seq: 1 });
    expect(session.ledger.missing[0]?.reason).to.include('413');
    expect(mirror.files.size).to.equal(ENTRIES * BLOBS_PER_ENTRY - 1);
  });

  it('has an entry when it has all of it, and is not asked again for what has arrived', async () => {
    const { mirror, session } = await open(ENTRIES - 1);
    const [arrived, late] = blobsAt(ENTRIES);
    if (arrived === undefined || late === undefined) throw new Error('no blob');
    let isFailing = true;
    refuse(mirror, late, () => (isFailing ? 502 : undefined));
    catchUp(session).catch(() => undefined);
    await eventually('it shows', () => session.ledger.trouble !== undefined);
    expect(session.ledger.trouble).to.include('502');
    expect(session.ledger.watermark).to.equal(ENTRIES - 1);
    const requests = () => mirror.requests.filter((line) => line.includes(hexOf(arrived))).length;
    const before = requests();
    isFailing = false;
    await eventually('it has the entry', () => session.ledger.watermark === ENTRIES);
    expect(before).to.be.above(0);
    expect(requests()).to.equal(before);
    expect(session.ledger).to.not.have.property('trouble');
  });

  it('is given what it lacks, and lacks it no more', async () => {
    const { mirror, session } = await open(ENTRIES);
    const [digest] = blobsAt(2);
    if (digest === undefined) throw new Error('no blob');
    session.update({ health: { state: 'up', since: '2001-01-01T00:00:00Z' } });
    session.lacks({ digest, sizeBytes: bytesAt(2, 0).length, seq: 2 }, 'its URL answers 404: not found');
    healMissing(session).catch(() => undefined);
    await eventually('it lacks nothing', () => session.ledger.missing.length === 0);
    expect(mirror.files.get(`/${blobDataKey(digest)}`)).to.deep.equal(bytesAt(2, 0));
  });
});

/**
 * Promise: what is wrong with a mirror's content is found by reading it, with and without a client that met it; one bad
 * blob is one missing blob, and a mirror that serves nothing but bad ones is believed nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { crawl, crawlWhenDue } from '../../services/sync/mirrors/crawl.ts';
import { Doubts } from '../../services/sync/mirrors/doubt.ts';
import { sample } from '../../services/sync/mirrors/sample.ts';
import { scrub } from '../../services/sync/mirrors/scrub.ts';
import { eventually } from '../support/eventually.ts';
import { blobsAt, openSession, pathOf, startHeldMirror, storeWith } from './mirror-world.ts';

const ENTRIES = 20;

describe("the content of a worker's mirror", function () {
  this.timeout(30_000);
  const stop = new AbortController();
  const { signal } = stop;
  const held = new AsyncDisposableStack();
  after(async () => {
    stop.abort();
    await held.disposeAsync();
  });
  const open = async (options: { readonly reverifyMs?: number } = {}) => {
    const mirror = await startHeldMirror(held, ENTRIES);
    const { session } = await openSession({
      ...{ objects: storeWith(ENTRIES), url: mirror.url, signal, ledger: { watermark: ENTRIES } },
      ...options,
    });
    return { mirror, session, lacking: () => session.ledger.missing.map(({ digest }) => digest) };
  };
  const [bad = '', other = ''] = blobsAt(7);

  it('is read whole within its time: a flipped byte is found without a client, and only that blob is lost', async () => {
    const { mirror, session, lacking } = await open({ reverifyMs: 3000 });
    mirror.wrong.add(pathOf(bad));
    scrub(session).catch(() => undefined);
    await eventually('it is found', () => lacking().length > 0, 8000);
    await eventually('others were looked at', () => session.crawlIsDue);
    expect(lacking()).to.deep.equal([bad]);
    expect(session.ledger.missing[0]).to.include({
      seq: 7,
      reason: 'its URL has wrong bytes of the right size',
    });
    expect(session.distrust).to.equal(undefined);
  });

  it('is read at once where a client doubts it', async () => {
    const { mirror, session, lacking } = await open();
    mirror.wrong.add(pathOf(bad));
    new Doubts(session).doubt(bad as never, 7);
    await eventually('it is found', () => lacking().length > 0, 1500);
    expect(lacking()).to.deep.equal([bad]);
  });

  it('is not looked at for a doubt of what it need not hold', async () => {
    const { mirror, session } = await open();
    session.lacks({ digest: bad as never, sizeBytes: 3, seq: 7 }, 'not found');
    session.update({ watermark: ENTRIES - 1 });
    const [above = ''] = blobsAt(ENTRIES);
    const doubts = new Doubts(session);
    doubts.doubt(bad as never, 7);
    doubts.doubt(above as never, ENTRIES);
    doubts.doubt(other as never, 7);
    await eventually('the last is cleared', () => session.ledger.cleared !== undefined);
    await sleep(200);
    expect(session.ledger.cleared?.map(({ digest }) => digest)).to.deep.equal([other]);
    expect(mirror.wholes).to.equal(1);
  });

  it('is cleared of each doubt that has no ground', async () => {
    const { session, lacking } = await open();
    const doubts = new Doubts(session);
    doubts.doubt(other as never, 7);
    await eventually('it is cleared', () => session.ledger.cleared?.[0]?.count === 1);
    await eventually('it is cleared again', () => {
      doubts.doubt(other as never, 7);
      return session.ledger.cleared?.[0]?.count === 2;
    });
    expect(session.ledger.cleared).to.have.lengthOf(1);
    expect(lacking()).to.deep.equal([]);
  });

  it('is read once for a crowd that doubts it', async () => {
    const { mirror, session } = await open();
    const doubts = new Doubts(session);
    for (let i = 0; i < 100; i++) doubts.doubt(other as never, 7);
    await eventually('it is cleared', () => session.ledger.cleared?.[0]?.count === 1);
    expect(mirror.wholes).to.equal(1);
  });

  it('counts a doubt for the mirror as a whole if it fails', async () => {
    const { mirror, session } = await open();
    mirror.status = 503;
    new Doubts(session).doubt(bad as never, 7);
    await eventually('it is noted', () => session.failures.length > 0);
    expect(session.failures[0]).to.include('503');
  });

  it('is not believed at all when half of a sample is bad, until it is right again', async () => {
    const { mirror, session } = await open();
    for (let seq = 1; seq <= ENTRIES; seq++)
      for (const digest of blobsAt(seq)) mirror.wrong.add(pathOf(digest));
    new Doubts(session).doubt(bad as never, 7);
    await eventually('it is distrusted', () => session.distrust !== undefined, 3000);
    expect(session.ledger.confirmed, 'it is looked through before it is used').to.equal(0);
    mirror.wrong.clear();
    sample(session).catch(() => undefined);
    await eventually('it is believed again', () => session.distrust === undefined, 20_000);
  });

  it('is believed in the rest where most of it is gone: a mirror that says so is honest', async () => {
    const { mirror, session, lacking } = await open();
    for (let seq = 1; seq <= ENTRIES; seq++)
      if (seq !== 9) for (const digest of blobsAt(seq)) mirror.lost.add(pathOf(digest));
    new Doubts(session).doubt(bad as never, 7);
    await eventually('it is looked through before it is used', () => session.ledger.confirmed === 0, 3000);
    expect(session.distrust).to.equal(undefined);
    expect(lacking().length).to.be.above(1);
  });

  describe('is crawled', () => {
    it('entry by entry, and clients are sent there for what was passed', async () => {
      const { mirror, session, lacking } = await open();
      mirror.lost.add(pathOf(bad));
      session.requestCrawl(true);
      const seen: (number | undefined)[] = [];
      const { update } = session;
      session.update = (change) => {
        if ('confirmed' in change) seen.push(change.confirmed);
        update.call(session, change);
      };
      crawlWhenDue(session).catch(() => undefined);
      await eventually('it has ended', () => session.ledger.confirmed === undefined);
      expect(seen).to.deep.equal([...Array.from({ length: ENTRIES }, (_, i) => i + 1), undefined]);
      expect(lacking()).to.deep.equal([bad]);
      expect(mirror.wholes, 'sizes are asked for').to.equal(0);
    });

    it('from where it was, by the worker that takes over', async () => {
      const { mirror, session } = await open();
      session.update({ confirmed: 15 });
      await crawl(session);
      expect(mirror.asked).to.equal(3 * (ENTRIES - 15));
    });

    it('on, when it stops answering for a while', async () => {
      const { mirror, session } = await open();
      session.requestCrawl(true);
      const crawling = crawl(session);
      mirror.status = 500;
      await eventually('it is told', () => session.ledger.trouble !== undefined);
      expect(session.ledger.trouble).to.include('500');
      mirror.status = undefined;
      await crawling;
      expect(session.ledger.trouble).to.equal(undefined);
      expect(mirror.asked, 'each blob is asked for again at most once').to.be.at.most(3 * ENTRIES + 16 * 4);
    });
  });
});

/** Promise: clocks that are set, or differ, lead to a crawl that was not needed at most: they never skip one. */
import { expect } from 'chai';
import { CrawlJudgement, type CrawlSight } from '../../services/sync/mirrors/crawl-judgement.ts';

const GOOD: CrawlSight = { kind: 'good', lacksNewest: false };
const FAILING: CrawlSight = { kind: 'failing', lacksNewest: false };
const lost = (lacksNewest: boolean): CrawlSight => ({ kind: 'lost', lacksNewest });
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const DAY_MS = 24 * 3_600_000;

describe('when a mirror is crawled', () => {
  let nowMs = 1_000_000;
  const now = () => nowMs;

  it('not after a takeover from a worker that was seen alive, whatever the clocks say', () => {
    for (const skewMs of [-DAY_MS, 0, DAY_MS]) {
      const crawls = new CrawlJudgement({ seenAt: nowMs - 12_000, heartbeatAt: ago(skewMs) }, now);
      expect(crawls.wishAfter(GOOD)).to.equal(undefined);
    }
  });

  it('before use, after a worker that was seen last long ago, whatever the clocks say', () => {
    for (const skewMs of [-DAY_MS, 0, DAY_MS]) {
      const crawls = new CrawlJudgement({ seenAt: nowMs - 31_000, heartbeatAt: ago(skewMs) }, now);
      expect(crawls.wishAfter(GOOD)).to.equal('before-use');
    }
  });

  it('always, where nobody was seen: the clock may have been set back', () => {
    const wish = (ms: number) =>
      new CrawlJudgement({ seenAt: undefined, heartbeatAt: ago(ms) }, now).wishAfter(GOOD);
    expect(wish(5000), 'a restart').to.equal('soon');
    expect(wish(60_000), 'an absence').to.equal('before-use');
    expect(wish(-60_000), 'a heartbeat from the future').to.equal('before-use');
  });

  it('before use, if it begins to lack what is newest', () => {
    const crawls = new CrawlJudgement({ seenAt: nowMs, heartbeatAt: ago(0) }, now);
    expect(crawls.wishAfter(GOOD)).to.equal(undefined);
    expect(crawls.wishAfter(lost(false)), 'what is lost otherwise is looked at by itself').to.equal(
      undefined,
    );
    expect(crawls.wishAfter(GOOD)).to.equal('soon');
    expect(crawls.wishAfter(lost(true))).to.equal('before-use');
    expect(crawls.wishAfter(lost(true)), 'while it is crawled').to.equal(undefined);
  });

  it('not each time that it comes and goes within moments, but before use after a long time', () => {
    const crawls = new CrawlJudgement({ seenAt: nowMs, heartbeatAt: ago(0) }, now);
    crawls.wishAfter(GOOD);
    const wishes = Array.from({ length: 20 }, () => {
      nowMs += 4000;
      crawls.wishAfter(FAILING);
      nowMs += 4000;
      return crawls.wishAfter(GOOD);
    });
    expect(wishes.filter(Boolean)).to.deep.equal(['soon']);
    crawls.wishAfter(FAILING);
    nowMs += 31_000;
    expect(crawls.wishAfter(GOOD)).to.equal('before-use');
  });
});

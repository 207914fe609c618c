/** Promise: a crawl forgets no blob that a mirror lacks, whatever was published while it ran. */
import { expect } from 'chai';
import { digestOf, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import { type Ledger, MISSING_MAX } from '../../services/registry/publishing/mirrors/ledger.ts';
import { afterCrawl } from '../../services/sync/crawl.ts';

const blob = (name: string | number): Sha256Digest => digestOf(Buffer.from(`blob ${name}`));
const ledger = (watermark: number, missing: Sha256Digest[]): Ledger => ({
  ...{ watermark, missing },
  health: { state: 'up', since: '2001-01-01T00:00:00Z' },
});

describe('the ledger of a mirror after a crawl', () => {
  it('has the missing blobs that the crawl found, without those that it found again', () => {
    const before = ledger(5, [blob('found again'), blob('still missing')]);
    const result = { missing: [blob('still missing'), blob('new')], lowerTo: undefined };
    expect(afterCrawl(before, before, result)).to.deep.equal({
      watermark: 5,
      missing: [blob('still missing'), blob('new')],
    });
  });

  it('keeps the missing blobs of entries that were published during the crawl', () => {
    const [before, now] = [ledger(5, [blob('old')]), ledger(6, [blob('old'), blob('of 6')])];
    expect(afterCrawl(now, before, { missing: [], lowerTo: undefined })).to.deep.equal({
      watermark: 6,
      missing: [blob('of 6')],
    });
  });

  it('goes back to the crawled entries if both are too many for a missing set', () => {
    const found = Array.from({ length: MISSING_MAX }, (_, i) => blob(i));
    const [before, now] = [ledger(5, []), ledger(6, [blob('of 6')])];
    const after = afterCrawl(now, before, { missing: found, lowerTo: undefined });
    expect(after).to.deep.equal({ watermark: 5, missing: found });
  });

  it('goes back to before the first loss if the crawl found too many', () => {
    const [before, now] = [ledger(5, [blob('old')]), ledger(6, [blob('of 6')])];
    expect(afterCrawl(now, before, { missing: [], lowerTo: 2 })).to.deep.equal({ watermark: 2, missing: [] });
  });
});

import pMap from 'p-map';
import type { Sha256Digest } from '../registry/oci/digest.ts';
import { type Ledger, MISSING_MAX } from '../registry/publishing/mirrors/ledger.ts';
import { blobsOf } from '../registry/publishing/publication/entry.ts';
import type { PublicationLog } from '../registry/publishing/publication/log.ts';
import type { MirrorSession } from './mirror-session.ts';
import type { MirrorTarget } from './targets/target.ts';

const BLOBS_AT_ONCE = 16;

/** How soon a request for a crawl is seen if its notification was missed. */
const LOOK_MS = 5000;

/** Crawls whenever that is due, until the session is over. */
export async function crawlWhenDue(session: MirrorSession): Promise<void> {
  const { parts, signal } = session;
  while (!signal.aborted) {
    await session.crawling.wait(LOOK_MS, signal);
    if (!session.crawlIsDue || signal.aborted) continue;
    // Reset now, so that a request that arrives during the crawl leads to another one.
    session.crawlIsDue = false;
    const crawled = session.ledger;
    const result = await crawl(parts.content.log, parts.target, crawled.watermark, signal).catch(
      (error: unknown) => {
        session.crawlIsDue = true;
        throw error;
      },
    );
    const { missing, lowerTo } = result;
    parts.logger.info({ mirror: parts.mirror.name, missing: missing.length, lowerTo }, 'crawled');
    await session.update((ledger) => afterCrawl(ledger, crawled, result));
    if (!session.crawlIsDue) session.isHeldBack = false;
    session.publishing.notify();
    session.watching.notify();
  }
}

/** What a crawl found. */
export interface CrawlResult {
  readonly missing: readonly Sha256Digest[];
  /** The new watermark, if too many blobs are missing for a set. */
  readonly lowerTo: number | undefined;
}

/**
 * Asks a mirror for every blob that it should hold. Missing blobs become the missing set; if they are too many for that,
 * the watermark is lowered to before the first entry that lost one, and the worker publishes from there.
 */
export async function crawl(
  log: PublicationLog,
  target: MirrorTarget,
  watermark: number,
  signal: AbortSignal,
): Promise<CrawlResult> {
  const missing: Sha256Digest[] = [];
  let firstLoss: number | undefined;
  for (let seq = 1; seq <= watermark; seq++) {
    const entry = await log.read(seq, signal);
    if (entry === undefined) throw new Error(`the publication log has a gap at ${seq}`);
    const blobs = blobsOf(entry);
    const held = await pMap(blobs, (blob) => target.has(blob, signal), {
      concurrency: BLOBS_AT_ONCE,
      signal,
    });
    const lost = blobs.filter((_, i) => !held[i]);
    if (lost.length > 0) firstLoss ??= seq;
    missing.push(...lost.map((blob) => blob.digest));
    if (firstLoss !== undefined && missing.length > MISSING_MAX)
      return { missing: [], lowerTo: firstLoss - 1 };
  }
  return { missing, lowerTo: undefined };
}

/**
 * What a crawl changes in a ledger. `crawled` is the ledger when the crawl began: publishing continued, and may have
 * added blobs of later entries that the store itself has lost.
 */
export function afterCrawl(
  ledger: Ledger,
  crawled: Ledger,
  { missing, lowerTo }: CrawlResult,
): Pick<Ledger, 'watermark' | 'missing'> {
  if (lowerTo !== undefined) return { watermark: Math.min(ledger.watermark, lowerTo), missing: [] };
  const before = new Set([...crawled.missing, ...missing]);
  const added = ledger.missing.filter((digest) => !before.has(digest));
  const all = [...missing, ...added];
  if (all.length <= MISSING_MAX) return { watermark: ledger.watermark, missing: all };
  // Too many for a set: publishing resumes after the crawled entries.
  return { watermark: Math.min(ledger.watermark, crawled.watermark), missing: [...missing] };
}

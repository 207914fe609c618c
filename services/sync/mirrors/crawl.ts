import { setTimeout as sleep } from 'node:timers/promises';
import pMap from 'p-map';
import { MISSING_MAX } from '../../registry/publishing/mirrors/ledger.ts';
import type { Loss } from './found-lost.ts';
import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';

const BLOBS_AT_ONCE = 16;
/** How soon a request for a crawl is seen if its notification was missed. */
const LOOK_MS = 5000;
/** A mirror that does not answer is asked again after this time. */
const RETRY_MS = 2000;

/** Crawls whenever that is due, until the session is over. */
export async function crawlWhenDue(session: MirrorSession): Promise<void> {
  const { signal, parts } = session;
  while (!signal.aborted) {
    await session.crawling.wait(LOOK_MS, signal);
    if (!session.crawlIsDue || signal.aborted) continue;
    // Reset now, so that a request that arrives during the crawl leads to another one.
    session.crawlIsDue = false;
    const { missing, lowerTo } = await crawl(session);
    parts.logger.info({ mirror: session.name, missing, lowerTo }, 'crawled');
    if (!session.crawlIsDue) session.update({ confirmed: undefined });
    session.publishing.notify();
    session.watching.notify();
  }
}

/** What a crawl found. */
export interface CrawlResult {
  /** How many blobs it newly found to be missing. */
  readonly missing: number;
  /** The new watermark, if too many blobs are missing for a set. */
  readonly lowerTo: number | undefined;
}

/**
 * Asks the mirror's public URL for every blob that it should hold, entry by entry. A mirror that is held back gets clients
 * for what has been passed, and a crawl that is interrupted by a failure continues where it was. Missing blobs become the
 * missing set; if they are too many for that, the watermark is lowered to before the entry that was too much, and the
 * worker publishes from there.
 */
export async function crawl(session: MirrorSession): Promise<CrawlResult> {
  const { parts, signal } = session;
  let missing = 0;
  const isHeldBack = () => session.ledger.confirmed !== undefined;
  for (let seq = (session.ledger.confirmed ?? 0) + 1; seq <= session.ledger.watermark; seq++) {
    const blobs = await parts.log.blobs(seq, signal);
    if (blobs === undefined) throw new Error(`the publication log has a gap at ${seq}`);
    const lost = await lostOf(session, blobs);
    if (session.ledger.missing.length + lost.length > MISSING_MAX) {
      session.update({ watermark: seq - 1, ...(isHeldBack() && { confirmed: seq - 1 }) });
      return { missing, lowerTo: seq - 1 };
    }
    for (const { blob, reason } of lost) session.lacks(blob, reason);
    missing += lost.length;
    // Unless there is another reason by now to look through everything.
    if (isHeldBack() && !session.crawlIsDue) session.update({ confirmed: seq });
  }
  return { missing, lowerTo: undefined };
}

/** The blobs of an entry that the mirror does not give, beyond those that are known. Waits while it does not answer. */
async function lostOf(session: MirrorSession, blobs: readonly PublishedAt[]): Promise<Loss[]> {
  const { signal } = session;
  const asked = blobs.filter(({ digest }) => !session.isMissing(digest));
  const found = await pMap(
    asked,
    async (blob) => {
      for (;;) {
        const result = await session.publicSide.ask(blob, signal);
        session.trouble('crawl', result.kind === 'failing' ? result.reason : undefined);
        if (result.kind !== 'failing') return result;
        await sleep(RETRY_MS, undefined, { signal });
      }
    },
    { concurrency: BLOBS_AT_ONCE },
  );
  return asked.flatMap((blob, i) => {
    const result = found[i];
    return result?.kind === 'lost' ? [{ blob, reason: result.reason }] : [];
  });
}

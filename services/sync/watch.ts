import { blobsOf } from '../registry/publishing/publication/entry.ts';
import type { MirrorSession } from './mirror-session.ts';
import { type ProbeResult, probeBlob, probeServer } from './probe.ts';
import type { WantedBlob } from './targets/target.ts';

/** How often a mirror is probed, and its lease renewed. Clients are sent to a dead mirror for this long plus a node's refresh. */
const PROBE_MS = 2000;
/** A mirror that loses blobs again and again is crawled at most this often. */
const CRAWL_AGAIN_MS = 60_000;
/** After a longer time unwatched or silent, a mirror may have lost anything. */
const ABSENCE_MS = 30_000;

/** Watches a mirror's health until the session is over: probes, writes what it finds into the ledger, asks for crawls. */
export async function watchHealth(session: MirrorSession): Promise<void> {
  const { parts, signal } = session;
  const crawls = new CrawlJudgement(session.lease.previousHeartbeatAt);
  while (!signal.aborted) {
    const result = await probeOnce(session);
    const wish = crawls.wishAfter(result);
    if (wish) session.requestCrawl(wish === 'before-use');
    const heldBack = session.isHeldBack ? 'it is being crawled after an absence' : undefined;
    const reason = result.kind === 'good' ? heldBack : result.reason;
    const state = reason === undefined ? 'up' : 'down';
    const before = session.ledger.health;
    const isNews = before.state !== state || before.reason !== reason;
    const health = isNews
      ? ({ state, since: new Date().toISOString(), ...(reason !== undefined && { reason }) } as const)
      : before;
    await session.update(() => ({ health }));
    if (before.state !== state)
      parts.logger.info({ mirror: parts.mirror.name, state, reason }, "the mirror's health changed");
    await session.watching.wait(PROBE_MS, signal);
  }
}

/** Decides when a mirror should be asked for all that it holds. */
class CrawlJudgement {
  #last: ProbeResult['kind'] | undefined;
  #lastGoodAt: number;
  #lastWishAt = Number.NEGATIVE_INFINITY;

  /** `previousHeartbeatAt`: when a worker last watched the mirror, RFC 3339. */
  constructor(previousHeartbeatAt: string) {
    this.#lastGoodAt = performance.now() - Math.max(0, Date.now() - Date.parse(previousHeartbeatAt));
  }

  /**
   * A first loss calls for a crawl; continued losses after one, only at intervals. So does a mirror's return; it is not
   * used before that crawl if it was away for long.
   */
  wishAfter({ kind }: ProbeResult): 'soon' | 'before-use' | undefined {
    const now = performance.now();
    const last = this.#last;
    const wasLongAway = now - this.#lastGoodAt > ABSENCE_MS;
    this.#last = kind;
    if (kind === 'good') this.#lastGoodAt = now;
    const isLoss = kind === 'lost' && (last !== 'lost' || now - this.#lastWishAt > CRAWL_AGAIN_MS);
    const isReturn = kind === 'good' && (wasLongAway || (last !== undefined && last !== 'good'));
    if (!isLoss && !isReturn) return undefined;
    this.#lastWishAt = now;
    return isReturn && wasLongAway ? 'before-use' : 'soon';
  }
}

/** Probes a random blob that the mirror should hold: over time every one, and an emptied mirror at once. */
async function probeOnce(session: MirrorSession): Promise<ProbeResult> {
  const { url } = session.parts.mirror;
  const blob = await randomHeldBlob(session);
  return blob ? probeBlob(url, blob, session.signal) : probeServer(url, session.signal);
}

/** Entries may publish nothing new, so a few are tried. */
const TRIES = 8;

async function randomHeldBlob({ parts, ledger, signal }: MirrorSession): Promise<WantedBlob | undefined> {
  const { watermark, missing } = ledger;
  const lacks = new Set(missing);
  for (let i = 0; i < TRIES && watermark > 0; i++) {
    const entry = await parts.content.log.read(1 + Math.floor(Math.random() * watermark), signal);
    const held = entry ? blobsOf(entry).filter((blob) => blob.sizeBytes > 0 && !lacks.has(blob.digest)) : [];
    const blob = held[Math.floor(Math.random() * held.length)];
    if (blob) return blob;
  }
  return undefined;
}

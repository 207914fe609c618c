import { blobsOf } from '../registry/publishing/publication/entry.ts';
import { type ProbeResult, probeBlob, probeServer } from './probe.ts';
import type { Shift } from './shift.ts';
import type { WantedBlob } from './targets/target.ts';

/** How often a mirror is probed, and its ledger beats: what a client can meet of a dead mirror is this plus a node's refresh. */
const PROBE_MS = 2000;
/** A mirror that loses blobs again and again is crawled no oftener than this. */
const CRAWL_AGAIN_MS = 60_000;
/** What a mirror that was unwatched or silent for longer has lost in the meantime, nobody knows. */
const ABSENCE_MS = 30_000;

/** Watches a mirror's health until the shift is over: probes, writes what it finds into the ledger, asks for crawls. */
export async function watchHealth(shift: Shift): Promise<void> {
  const { parts, signal } = shift;
  const crawls = new CrawlJudgement(shift.term.previousBeatAt);
  while (!signal.aborted) {
    const result = await probeOnce(shift);
    const wish = crawls.wishAfter(result);
    if (wish) shift.requestCrawl(wish === 'before-use');
    const isHeldBack = result.kind === 'good' && shift.isHeldBack;
    const reason = isHeldBack
      ? 'it is being crawled after an absence'
      : result.kind === 'good'
        ? undefined
        : result.reason;
    const state = reason === undefined ? 'up' : 'down';
    const before = shift.term.ledger.health;
    const isNews = before.state !== state || before.reason !== reason;
    const health = isNews
      ? ({ state, since: new Date().toISOString(), ...(reason !== undefined && { reason }) } as const)
      : before;
    await shift.update(() => ({ health }));
    if (before.state !== state)
      parts.logger.info({ mirror: parts.mirror.name, state, reason }, "the mirror's health changed");
    await shift.watching.wait(PROBE_MS, signal);
  }
}

/** Decides when a mirror should be asked for all that it holds. */
class CrawlJudgement {
  #last: ProbeResult['kind'] | undefined;
  #lastGoodAt: number;
  #lastWishAt = Number.NEGATIVE_INFINITY;

  /** `previousBeatAt`: when somebody last watched the mirror, RFC 3339. */
  constructor(previousBeatAt: string) {
    this.#lastGoodAt = performance.now() - Math.max(0, Date.now() - Date.parse(previousBeatAt));
  }

  /**
   * A first loss calls for a crawl; losses that go on after one, only now and then for another. So does a mirror's
   * return, before it is used if it was away for long.
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
async function probeOnce(shift: Shift): Promise<ProbeResult> {
  const { url } = shift.parts.mirror;
  const blob = await randomHeldBlob(shift);
  return blob ? probeBlob(url, blob, shift.signal) : probeServer(url, shift.signal);
}

/** Entries may publish nothing new, so a few are tried. */
const TRIES = 8;

async function randomHeldBlob({ parts, term, signal }: Shift): Promise<WantedBlob | undefined> {
  const { watermark, missing } = term.ledger;
  const lacks = new Set(missing);
  for (let i = 0; i < TRIES && watermark > 0; i++) {
    const entry = await parts.content.log.read(1 + Math.floor(Math.random() * watermark), signal);
    const held = entry ? blobsOf(entry).filter((blob) => blob.sizeBytes > 0 && !lacks.has(blob.digest)) : [];
    const blob = held[Math.floor(Math.random() * held.length)];
    if (blob) return blob;
  }
  return undefined;
}

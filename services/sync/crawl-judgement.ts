import type { Sight } from './probes.ts';

/** A mirror that loses blobs again and again is crawled at most this often. */
const CRAWL_AGAIN_MS = 60_000;
/** After a longer time unwatched or silent, a mirror may have lost anything. */
const ABSENCE_MS = 30_000;

/** What is known of the worker before. */
export interface Predecessor {
  /** When this process last saw its heartbeat move, by the monotonic clock; undefined if it never did. */
  readonly seenAt: number | undefined;
  /** Its last heartbeat by its own clock, RFC 3339. */
  readonly heartbeatAt: string;
}

/** Decides when a mirror should be asked for all that it holds. */
export class CrawlJudgement {
  readonly #now: () => number;
  #last: Sight['result']['kind'] | undefined;
  #lastGoodAt: number;
  #lastWishAt = Number.NEGATIVE_INFINITY;
  /** It is not certain for how long the mirror was unwatched. */
  #isUnsure: boolean;

  /** `now`: monotonic milliseconds. */
  constructor({ seenAt, heartbeatAt }: Predecessor, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#isUnsure = seenAt === undefined;
    this.#lastGoodAt = seenAt ?? now() - unwatchedMs(heartbeatAt);
  }

  /**
   * A first loss calls for a crawl; continued losses after one, only at intervals. So does a mirror's return. It is not
   * used before the crawl if it was away for long, or lacks the newest entries.
   */
  wishAfter({ result: { kind }, lacksNewest }: Sight): 'soon' | 'before-use' | undefined {
    const now = this.#now();
    const last = this.#last;
    const wasLongAway = now - this.#lastGoodAt > ABSENCE_MS;
    this.#last = kind;
    if (kind === 'good') this.#lastGoodAt = now;
    const isLoss = kind === 'lost' && (last !== 'lost' || now - this.#lastWishAt > CRAWL_AGAIN_MS);
    const isReturn =
      kind === 'good' && (wasLongAway || this.#isUnsure || (last !== undefined && last !== 'good'));
    if (kind === 'good') this.#isUnsure = false;
    if (!isLoss && !isReturn) return undefined;
    this.#lastWishAt = now;
    return (isReturn && wasLongAway) || (isLoss && lacksNewest) ? 'before-use' : 'soon';
  }
}

/**
 * For how long a mirror was unwatched, by two clocks that may differ or have been set. So a short time is no reason not to
 * crawl, only to use the mirror at once; and a heartbeat from the future says nothing.
 */
function unwatchedMs(heartbeatAt: string): number {
  const passedMs = Date.now() - Date.parse(heartbeatAt);
  return passedMs >= 0 ? passedMs : Number.POSITIVE_INFINITY;
}

import type { Predecessor } from './mirror-session.ts';

/** A mirror that fails or loses blobs again and again is crawled at most this often. */
const CRAWL_AGAIN_MS = 10 * 60_000;
/** After a longer time unwatched or silent, a mirror may have lost anything. */
const ABSENCE_MS = 30_000;

/** What a look at a mirror says about a crawl. */
export interface CrawlSight {
  readonly kind: 'good' | 'lost' | 'failing';
  /** It does not hold what was published last: it may have been put back from a backup. */
  readonly lacksNewest: boolean;
}

/** Decides when a mirror should be asked for all that it holds. */
export class CrawlJudgement {
  readonly #now: () => number;
  #last: CrawlSight['kind'] | undefined;
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
   * A mirror's return calls for a crawl, and one after a short time only at intervals. Clients are not sent there before it
   * if the mirror was away for long, or lacks the newest entries.
   */
  wishAfter({ kind, lacksNewest }: CrawlSight): 'soon' | 'before-use' | undefined {
    const now = this.#now();
    const last = this.#last;
    const wasLongAway = now - this.#lastGoodAt > ABSENCE_MS;
    this.#last = kind;
    if (kind !== 'failing') this.#lastGoodAt = now;
    if (kind === 'lost') return lacksNewest && last !== 'lost' ? this.#wish('before-use') : undefined;
    if (kind === 'failing') return undefined;
    if (wasLongAway) return this.#wish('before-use');
    const isReturn = this.#isUnsure || (last !== undefined && last !== 'good');
    this.#isUnsure = false;
    return isReturn && now - this.#lastWishAt > CRAWL_AGAIN_MS ? this.#wish('soon') : undefined;
  }

  #wish(wish: 'soon' | 'before-use'): 'soon' | 'before-use' {
    this.#lastWishAt = this.#now();
    this.#isUnsure = false;
    return wish;
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

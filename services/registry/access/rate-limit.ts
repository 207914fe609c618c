import { LRUCache } from 'lru-cache';

export interface RateLimitOptions {
  readonly perSecond: number;
  /** How many requests may come at once after a pause. */
  readonly burst: number;
}

/** Beyond this many clients, the least recently seen are forgotten. */
const CLIENTS_MAX = 100_000;

/**
 * Limits the requests a second of each client of this process by the generic cell rate algorithm (ITU-T I.371), a token
 * bucket that needs one number per client. Synchronous, without timers or promises, since every pull passes it.
 */
export class RateLimit {
  #intervalMs = 0;
  #toleranceMs = 0;
  /** The theoretical arrival time of each client, in the algorithm's words. */
  readonly #dueAt = new LRUCache<string, number>({ maxSize: CLIENTS_MAX, sizeCalculation: () => 1 });

  constructor(options: RateLimitOptions) {
    this.adjust(options);
  }

  /** Changes the limit; what was counted stays counted. */
  adjust({ perSecond, burst }: RateLimitOptions): void {
    this.#intervalMs = 1000 / perSecond;
    this.#toleranceMs = this.#intervalMs * (burst - 1);
  }

  /** How long the client has to wait for its next request, ms; counts nothing. */
  waitMs(client: string, nowMs = performance.now()): number {
    return Math.max(0, (this.#dueAt.get(client) ?? 0) - this.#toleranceMs - nowMs);
  }

  /** Counts a request: 0 if it may be served, otherwise how long to wait, in ms; then it is not counted. */
  take(client: string, nowMs = performance.now()): number {
    const dueAt = Math.max(this.#dueAt.get(client) ?? 0, nowMs);
    const waitMs = dueAt - this.#toleranceMs - nowMs;
    if (waitMs > 0) return waitMs;
    this.#dueAt.set(client, dueAt + this.#intervalMs);
    return 0;
  }
}

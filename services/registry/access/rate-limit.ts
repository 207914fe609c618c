import { LRUCache } from 'lru-cache';

export interface RateLimitOptions {
  readonly perSecond: number;
  /** So many may come at once after a pause. */
  readonly burst: number;
}

/** Beyond so many clients, those that asked least lately are forgotten. */
const CLIENTS_MAX = 100_000;

/**
 * How many requests a second each client of this process may make: the generic cell rate algorithm (ITU-T I.371), a
 * token bucket that needs one number a client. It decides at once, without timers or promises: it stands before pulls.
 */
export class RateLimit {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  /** When each client would have used up what it may use, had it asked evenly. */
  readonly #dueAt = new LRUCache<string, number>({ max: CLIENTS_MAX });

  constructor({ perSecond, burst }: RateLimitOptions) {
    this.#intervalMs = 1000 / perSecond;
    this.#toleranceMs = this.#intervalMs * (burst - 1);
  }

  /** Counts a request: 0 when it may be served, or how long to wait, ms; one that has to wait is not counted. */
  take(client: string, nowMs = performance.now()): number {
    const dueAt = Math.max(this.#dueAt.get(client) ?? 0, nowMs);
    const waitMs = dueAt - this.#toleranceMs - nowMs;
    if (waitMs > 0) return waitMs;
    this.#dueAt.set(client, dueAt + this.#intervalMs);
    return 0;
  }
}

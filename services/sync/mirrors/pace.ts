import { setTimeout as sleep } from 'node:timers/promises';

/** A mirror that limits requests without saying for how long is left alone for this time. */
const PAUSE_MS = 2000;
/** The rate after a limit was met; it is lowered further with each one, and raised while none is met. */
const FIRST_PER_S = 10;
const LEAST_PER_S = 0.5;
/** Beyond this rate a mirror is taken not to limit any more. */
const MOST_PER_S = 500;
const RAISED = 1.2;
const LOWERED = 0.7;
/** How often the rate is raised. */
const RAISE_MS = 5000;
/** Limits that are met within this time are one. */
const ONE_LIMIT_MS = 1000;
/** Fewer requests than this cannot be too many for a mirror that serves clients. */
const BUSY = { requests: 3, withinMs: 4000 } as const;
/** This many requests within this time are a burst: a server that is short of words answers 503 to one. */
const BURST = { requests: 10, withinMs: 2000 } as const;

/**
 * How fast a worker asks one mirror: without a limit until the mirror says that it has one (429, 503), then slowly, and
 * faster again while it does not (additive increase and multiplicative decrease, as in congestion control).
 */
export class Pace {
  readonly #now: () => number;
  #perS = Number.POSITIVE_INFINITY;
  #nextAt = Number.NEGATIVE_INFINITY;
  #limitedAt = Number.NEGATIVE_INFINITY;
  #raisedAt = Number.NEGATIVE_INFINITY;
  #excusedUntil = Number.NEGATIVE_INFINITY;
  /** When the last requests were sent, the newest last. */
  readonly #askedAt: number[] = [];

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Waits until the next request may be sent. */
  async turn(signal: AbortSignal): Promise<void> {
    this.#raise();
    const at = Math.max(this.#now(), this.#nextAt);
    this.#nextAt = Number.isFinite(this.#perS) ? at + 1000 / this.#perS : this.#nextAt;
    this.#askedAt.push(at);
    if (this.#askedAt.length > BURST.requests) this.#askedAt.shift();
    const waitMs = at - this.#now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
  }

  /** To be called when the mirror said that it is asked too often. Returns how long it is left alone, in ms. */
  limited(retryAfterMs: number | undefined): number {
    const pauseMs = Math.max(retryAfterMs ?? PAUSE_MS, 100);
    if (this.#now() - this.#limitedAt > ONE_LIMIT_MS) {
      this.#perS = Number.isFinite(this.#perS) ? Math.max(this.#perS * LOWERED, LEAST_PER_S) : FIRST_PER_S;
      this.#limitedAt = this.#now();
      this.#raisedAt = this.#now();
    }
    this.#nextAt = Math.max(this.#nextAt, this.#now() + pauseMs);
    if (this.#isBusy) this.#excusedUntil = Math.max(this.#excusedUntil, this.#nextAt);
    return pauseMs;
  }

  /** In how many ms the next request may be sent. */
  get dueInMs(): number {
    return Math.max(0, this.#nextAt - this.#now());
  }

  /**
   * Whether requests of ours may be what the mirror limits, now or until the time that it named: only one that is left
   * alone shows its own health.
   */
  get mayCauseLimit(): boolean {
    return this.#isBusy || this.#excusedUntil > this.#now();
  }

  /** Whether we sent a burst: then an answer may be a limit even if it names none. */
  get isBurst(): boolean {
    const [firstAt = 0] = this.#askedAt;
    return this.#askedAt.length === BURST.requests && this.#now() - firstAt < BURST.withinMs;
  }

  get #isBusy(): boolean {
    const at = this.#askedAt.at(-BUSY.requests) ?? Number.NEGATIVE_INFINITY;
    return this.#now() - at < BUSY.withinMs;
  }

  #raise(): void {
    if (!Number.isFinite(this.#perS) || this.#now() - this.#raisedAt < RAISE_MS) return;
    this.#raisedAt = this.#now();
    this.#perS *= RAISED;
    if (this.#perS > MOST_PER_S) this.#perS = Number.POSITIVE_INFINITY;
  }
}

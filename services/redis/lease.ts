import type { RedisHealth } from './health.ts';

/** How a lock's holder speaks to Redis. */
export interface LeaseCalls {
  /** True when the lock was extended by its time to live; false when it is no longer ours. */
  renew(): Promise<boolean>;
  /** True when the lock was released; false when it was no longer held. */
  release(): Promise<boolean>;
}

/** Renewals within a time to live. */
const RENEWALS = 3;
/** The share of the time to live reserved for clock drift and late events. */
const MARGIN = 0.2;

/** A held lock: renewed until released, and certain until `ttlMs` less a margin after the last renewal. */
export class Lease {
  readonly #calls: LeaseCalls;
  readonly #ttlMs: number;
  readonly #health: RedisHealth;
  readonly #lost = new AbortController();
  #certainUntil: number;
  #renewing: NodeJS.Timeout | undefined;
  #expiring: NodeJS.Timeout | undefined;
  #isOver = false;

  /** `askedAt` is the monotonic time of the request: Redis counts from a later moment. */
  constructor(calls: LeaseCalls, askedAt: number, ttlMs: number, health: RedisHealth) {
    this.#calls = calls;
    this.#ttlMs = ttlMs;
    this.#health = health;
    this.#certainUntil = this.#certain(askedAt);
    this.#arm();
  }

  /** Aborts when the lock is no longer certain to be held. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether the lock is certainly held now. Also asks the clock: after a pause of the process the signal is late. */
  get isCertain(): boolean {
    return !this.#lost.signal.aborted && performance.now() < this.#certainUntil;
  }

  /** Releases the lock. False when it had been lost; true if that cannot be known. */
  async release(): Promise<boolean> {
    this.#isOver = true;
    clearTimeout(this.#renewing);
    clearTimeout(this.#expiring);
    try {
      return await this.#calls.release();
    } catch {
      // It expires by itself, and was held while it was needed.
      this.#health.failed('locks');
      return true;
    }
  }

  #certain(askedAt: number): number {
    return askedAt + this.#ttlMs * (1 - MARGIN);
  }

  #arm(): void {
    clearTimeout(this.#expiring);
    const leftMs = this.#certainUntil - performance.now();
    this.#expiring = setTimeout(() => this.#lose('it could not be renewed in time'), Math.max(0, leftMs));
    this.#renewing = setTimeout(() => void this.#renew(), this.#ttlMs / RENEWALS);
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now();
    try {
      const isHeld = await this.#calls.renew();
      if (this.#isOver) return;
      if (!isHeld) return this.#lose('Redis has lost it, or another process holds it');
      this.#certainUntil = this.#certain(askedAt);
      this.#arm();
    } catch {
      this.#health.failed('locks');
      if (this.#isOver || this.#lost.signal.aborted) return;
      this.#renewing = setTimeout(() => void this.#renew(), this.#ttlMs / (RENEWALS * 5));
    }
  }

  #lose(why: string): void {
    clearTimeout(this.#renewing);
    clearTimeout(this.#expiring);
    this.#lost.abort(new Error(`the lock was lost: ${why}`));
  }
}

import type { RedisHealth } from './health.ts';

/** How a lock's holder speaks to Redis. */
export interface LeaseCalls {
  /** True when the lock was kept for another time to live; false when it is another's, or nobody's. */
  renew(): Promise<boolean>;
  /** True when the lock was given back; false when it was no longer held. */
  release(): Promise<boolean>;
}

/** Renewed so often within its time to live. */
const RENEWALS = 3;
/** The part of the time to live that is left to clocks that run differently, and to events that come late. */
const MARGIN = 0.2;

/** A lock that is held: renewed until released, and vouched for until `ttlMs` less a margin after the last renewal. */
export class Lease {
  readonly #calls: LeaseCalls;
  readonly #ttlMs: number;
  readonly #health: RedisHealth;
  readonly #lost = new AbortController();
  #vouchedUntil: number;
  #renewing: NodeJS.Timeout | undefined;
  #expiring: NodeJS.Timeout | undefined;
  #isOver = false;

  /** `askedAt` is when the lock was asked for, by the monotonic clock: Redis counts from a later moment. */
  constructor(calls: LeaseCalls, askedAt: number, ttlMs: number, health: RedisHealth) {
    this.#calls = calls;
    this.#ttlMs = ttlMs;
    this.#health = health;
    this.#vouchedUntil = this.#vouched(askedAt);
    this.#arm();
  }

  /** Aborts when the lock can no longer be vouched for. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether the lock is surely held now. Asks the clock, too: a process that stood still hears of its signal late. */
  get isVouchedFor(): boolean {
    return !this.#lost.signal.aborted && performance.now() < this.#vouchedUntil;
  }

  /** Gives the lock back. False when it turns out to have been lost; true if that cannot be known. */
  async release(): Promise<boolean> {
    this.#isOver = true;
    clearTimeout(this.#renewing);
    clearTimeout(this.#expiring);
    try {
      return await this.#calls.release();
    } catch {
      // It runs out by itself, and was vouched for as long as it was needed.
      this.#health.failed('locks');
      return true;
    }
  }

  #vouched(askedAt: number): number {
    return askedAt + this.#ttlMs * (1 - MARGIN);
  }

  #arm(): void {
    clearTimeout(this.#expiring);
    const leftMs = this.#vouchedUntil - performance.now();
    this.#expiring = setTimeout(() => this.#lose('it could not be renewed in time'), Math.max(0, leftMs));
    this.#renewing = setTimeout(() => void this.#renew(), this.#ttlMs / RENEWALS);
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now();
    try {
      const isHeld = await this.#calls.renew();
      if (this.#isOver) return;
      if (!isHeld) return this.#lose('Redis has forgotten it, or another has it');
      this.#vouchedUntil = this.#vouched(askedAt);
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

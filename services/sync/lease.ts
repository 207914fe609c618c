import { setTimeout as sleep } from 'node:timers/promises';
import { ownerIsGone, ownerName } from '../http/owner.ts';
import type { Heartbeat, LeaseStore, StoredLease } from '../registry/storage/lease.ts';

/** How often workers look at one another. */
export interface LeaseTiming {
  /** How often the owner renews its lease. */
  readonly heartbeatMs: number;
  /** An owner without a heartbeat for this long has lost its lease. */
  readonly silenceMs: number;
  /** How often workers that wait for the lease look at it. */
  readonly lookMs: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

export const LEASE_TIMING: LeaseTiming = { heartbeatMs: 3000, silenceMs: 15_000, lookMs: 1000 };

/** Another worker owns the lease now. */
export class LeaseLostError extends Error {
  constructor(prefix: string) {
    super(`another worker has taken over the lease ${prefix}`);
    this.name = 'LeaseLostError';
  }
}

/** A worker's lease on some work: the right to do it, and to store its state. */
export class Lease<S extends object> {
  readonly #leases: LeaseStore<S>;
  readonly #timing: LeaseTiming;
  /** Counts the owners: the fencing token. */
  readonly leaseEpoch: number;
  /** The last heartbeat of the owner before, RFC 3339 UTC; of this one if it is the first. */
  readonly previousHeartbeatAt: string;
  /** When this process last saw the heartbeat of an owner before move, by `now`; undefined if it never did. */
  readonly previousSeenAt: number | undefined;
  readonly #now: () => number;
  #value: Heartbeat & S;
  #renewedAt: number;
  #mayHavePredecessor: boolean;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    leases: LeaseStore<S>,
    timing: LeaseTiming,
    { leaseEpoch, value }: StoredLease<S>,
    previous: StoredLease<S> | undefined,
    previousSeenAt: number | undefined,
  ) {
    this.#leases = leases;
    this.#timing = timing;
    this.#now = clockOf(timing);
    this.#renewedAt = this.#now();
    this.leaseEpoch = leaseEpoch;
    this.#value = value;
    this.#mayHavePredecessor = value.mayHavePredecessor === true;
    this.previousHeartbeatAt = (previous?.value ?? value).beatAt;
    this.previousSeenAt = previousSeenAt;
  }

  /**
   * Waits until no other worker owns the lease, then owns it. `firstState` makes the state to begin with from what the
   * last owner left.
   */
  static async acquire<S extends object>(
    leases: LeaseStore<S>,
    firstState: (previous: S | undefined) => S,
    signal: AbortSignal,
    timing: LeaseTiming = LEASE_TIMING,
  ): Promise<Lease<S>> {
    const now = clockOf(timing);
    let last: { heartbeat: string; seenAt: number } | undefined;
    let movedAt: number | undefined;
    for (;;) {
      signal.throwIfAborted();
      const current = await leases.read(signal);
      const heartbeat = current ? `${current.leaseEpoch}.${current.value.beat}` : '';
      if (last?.heartbeat !== heartbeat) {
        if (last) movedAt = now();
        last = { heartbeat, seenAt: now() };
      }
      const isFree = current === undefined || ownerIsGone(current.value.holder);
      if (isFree || now() - last.seenAt > timing.silenceMs) {
        // An owner that was killed leaves its last requests to a remote store behind.
        const hasEnded = isFree && (isReleased(current) || leases.writesEndWithProcess);
        const mayHavePredecessor = !hasEnded || current?.value.mayHavePredecessor === true;
        const value = { ...firstState(current?.value), ...heartbeatOf(ownerName(), 0, mayHavePredecessor) };
        const acquired = await leases.acquire(current, value);
        if (acquired) return new Lease(leases, timing, acquired, current, movedAt);
      }
      await sleep(timing.lookMs, undefined, { signal });
    }
  }

  /** What was last stored about the work. */
  get state(): S {
    return this.#value;
  }

  /** True if no request of an earlier owner, nor an unanswered one of this owner, can be under way any more. */
  get isSuccessionClean(): boolean {
    return !this.#mayHavePredecessor;
  }

  /** False if the last renewal is too long ago: another worker may have taken over. */
  get isFresh(): boolean {
    return this.#now() - this.#renewedAt < this.#timing.silenceMs;
  }

  /**
   * Renews the lease, and stores the state that `change` makes of the last one. One update at a time. Throws
   * {@link LeaseLostError} when another worker has taken over, and what the store throws.
   */
  async update(change: (state: S) => S): Promise<void> {
    await this.#write(change, this.#value.holder);
  }

  /**
   * Renews the lease until the signal aborts. Throws {@link LeaseLostError} when another worker has taken over, and what
   * the store throws once the lease can no longer be vouched for.
   */
  async keep(state: () => S, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.update(state);
      } catch (error) {
        if (error instanceof LeaseLostError || !this.isFresh) throw error;
      }
      await sleep(this.#timing.heartbeatMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /**
   * To be called when a request of this owner may still take effect although it has ended: the next owner has to wait as
   * after one that was lost.
   */
  leavesRequest(): void {
    this.#mayHavePredecessor = true;
  }

  /** To be called when no earlier request can be under way any more: the next owner need not wait again. */
  outwaited(): void {
    this.#mayHavePredecessor = false;
  }

  /** Stores the last state, and lets the next worker begin at once. */
  async release(change: (state: S) => S): Promise<void> {
    await this.#write(change, '').catch(() => undefined);
  }

  async #write(change: (state: S) => S, owner: string): Promise<void> {
    const writing = this.#writing.then(async () => {
      const heartbeat = heartbeatOf(owner, this.#value.beat + 1, this.#mayHavePredecessor);
      const value = { ...change(this.#value), ...heartbeat };
      const renewedAt = this.#now();
      if (!(await this.#leases.write({ leaseEpoch: this.leaseEpoch, value })))
        throw new LeaseLostError(this.#leases.prefix);
      this.#value = value;
      this.#renewedAt = renewedAt;
    });
    this.#writing = writing.catch(() => undefined);
    await writing;
  }
}

function isReleased(current: StoredLease<object> | undefined): boolean {
  return current === undefined || current.value.holder === '';
}

function clockOf({ now = () => performance.now() }: LeaseTiming): () => number {
  return now;
}

function heartbeatOf(holder: string, beat: number, mayHavePredecessor: boolean): Heartbeat {
  return { version: 1, holder, beat, beatAt: new Date().toISOString(), mayHavePredecessor };
}

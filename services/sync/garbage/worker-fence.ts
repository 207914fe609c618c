import type { Fence } from '../../registry/storage/fence.ts';
import type { Lease } from '../lease.ts';

/** A request of this worker got no certain answer: it may still take effect, so nothing more is changed for a while. */
export class DoubtError extends Error {
  constructor(waitMs: number, options?: ErrorOptions) {
    super(
      'an answer of the store is missing, so the request may still take effect: ' +
        `the worker waits ${waitMs / 1000} s before it continues`,
      options,
    );
    this.name = 'DoubtError';
  }
}

/**
 * Lets a worker change something only while it certainly owns its lease, and while every request got an answer. So a
 * request is made once; what it may have left behind is waited for by the worker that owns the lease next.
 */
export class WorkerFence implements Fence {
  readonly #lease: Pick<Lease<object>, 'isFresh' | 'leavesRequest'>;
  readonly #signal: AbortSignal;
  readonly #waitMs: number;
  #hasDoubt = false;

  /** `waitMs`: how long the next owner waits after a doubt. */
  constructor(lease: Pick<Lease<object>, 'isFresh' | 'leavesRequest'>, signal: AbortSignal, waitMs: number) {
    this.#lease = lease;
    this.#signal = signal;
    this.#waitMs = waitMs;
  }

  check(): void {
    this.#signal.throwIfAborted();
    if (!this.#lease.isFresh) throw new Error('the lease was not renewed in time: nothing more is deleted');
    if (this.#hasDoubt) throw new DoubtError(this.#waitMs);
  }

  doubt(): void {
    this.#hasDoubt = true;
    this.#lease.leavesRequest();
  }

  /** The error to report: the doubt, if there is one, since it is why the worker waits. */
  reasonOf(error: unknown): unknown {
    if (!this.#hasDoubt || error instanceof DoubtError) return error;
    return new DoubtError(this.#waitMs, { cause: error });
  }

  get hasDoubt(): boolean {
    return this.#hasDoubt;
  }
}

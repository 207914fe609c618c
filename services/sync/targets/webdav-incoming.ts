import { setTimeout as sleep } from 'node:timers/promises';
import { untilAborted } from '../../registry/runtime/waiting.ts';

/** How long a sweep waits for writes under way, and other writes for it. */
const WAIT_MS = 60_000;

/** A mirror's folder of uploads, which can only be emptied as a whole: never during a write. */
export class WebdavIncoming {
  readonly #empty: (signal: AbortSignal) => Promise<void>;
  readonly #writes = new Set<Promise<unknown>>();
  #sweeping: Promise<void> | undefined;

  constructor(empty: (signal: AbortSignal) => Promise<void>) {
    this.#empty = empty;
  }

  /** Runs a write, after a sweep that is under way. */
  async use(write: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (this.#sweeping) await untilAborted(this.#sweeping, signal);
    const writing = write();
    this.#writes.add(writing);
    try {
      await writing;
    } finally {
      this.#writes.delete(writing);
    }
  }

  /** Empties the folder, unless there is a write or another sweep. Throws what that throws. */
  async sweep(signal: AbortSignal): Promise<void> {
    if (this.#writes.size > 0 || this.#sweeping) return;
    const emptying = this.#empty(signal);
    this.#hold(emptying);
    await emptying;
  }

  /**
   * Empties the folder when the writes under way have ended, if that is soon; no other begins before. Waits for it if there
   * are none. Never rejects.
   */
  async sweepSoon(signal: AbortSignal): Promise<void> {
    const isAlone = this.#writes.size === 0;
    const sweeping = this.#sweeping ?? this.#hold(this.#sweepAfter([...this.#writes], signal));
    if (isAlone) await sweeping;
  }

  async #sweepAfter(writes: readonly Promise<unknown>[], signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const limit = AbortSignal.any([signal, over.signal]);
    const isLate = sleep(WAIT_MS, true, { signal: limit, ref: false });
    try {
      if ((await Promise.race([Promise.allSettled(writes), isLate])) !== true) await this.#empty(signal);
    } finally {
      isLate.catch(() => undefined);
      over.abort();
    }
  }

  #hold(sweep: Promise<void>): Promise<void> {
    const sweeping = sweep
      .catch(() => undefined)
      .then(() => {
        this.#sweeping = undefined;
      });
    this.#sweeping = sweeping;
    return sweeping;
  }
}

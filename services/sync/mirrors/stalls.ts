/** What was late while this process was stalled for longer says nothing about a mirror. */
export const STALLED_MS = 500;

const TICK_MS = 100;
/** Shorter ones are those of any busy process. */
const STALL_MS = 300;
const REMEMBERED_MS = 30_000;

/**
 * Notices when this process does not run: its machine is overloaded, or it was stopped. Every mirror looks silent then, and
 * none is to blame.
 */
export class Stalls implements Disposable {
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #tickedAt: number;
  /** When stalls ended, and how long they were. */
  #stalls: { readonly endedAt: number; readonly lengthMs: number }[] = [];

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#tickedAt = now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** For how long this process did not run in all, in stalls that ended after `since`, in ms. */
  since(since: number): number {
    this.#tick();
    return this.#stalls.reduce((sum, { endedAt, lengthMs }) => (endedAt >= since ? sum + lengthMs : sum), 0);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = this.#now();
    const lateMs = now - this.#tickedAt - TICK_MS;
    this.#tickedAt = now;
    if (lateMs < STALL_MS) return;
    this.#stalls = this.#stalls.filter(({ endedAt }) => now - endedAt < REMEMBERED_MS);
    this.#stalls.push({ endedAt: now, lengthMs: lateMs });
  }
}

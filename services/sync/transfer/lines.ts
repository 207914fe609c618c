import { Bandwidth } from './bandwidth.ts';
import { Line } from './line.ts';

export interface LinesOptions {
  /** How many uploads run at once, to all mirrors together. */
  readonly uploads: number;
  /** Of all uploads together. @default no limit */
  readonly bandwidthBytesPerS?: number | undefined;
  /** @default 4 */
  readonly uploadsPerMirror?: number | undefined;
  /** After this time without progress an upload no longer counts; a mirror without any waits no longer. @default 5000 */
  readonly stuckMs?: number | undefined;
}

const UPLOADS_PER_MIRROR = 4;
const STUCK_MS = 5000;

interface Waiter {
  readonly mirror: string;
  readonly since: number;
  readonly start: (line: Line) => void;
}

/**
 * Shares uploads and bandwidth among mirrors. The mirror with the fewest uploads comes first. Mirrors that hang or are slow
 * keep no other waiting: an upload without progress no longer counts, and a mirror without an upload gets one in time, even
 * above the limit. So there are never more than `uploads` and, for each mirror, `uploadsPerMirror`.
 */
export class Lines {
  readonly #limits: { readonly uploads: number; readonly uploadsPerMirror: number; readonly stuckMs: number };
  readonly #bandwidth: Bandwidth;
  readonly #running = new Set<Line>();
  readonly #waiting = new Set<Waiter>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LinesOptions) {
    const { uploads, uploadsPerMirror = UPLOADS_PER_MIRROR, stuckMs = STUCK_MS } = options;
    this.#limits = { uploads, uploadsPerMirror, stuckMs };
    this.#bandwidth = new Bandwidth(options.bandwidthBytesPerS);
  }

  /** Runs `act` when it is the mirror's turn; rejects with the signal's reason when that aborts the wait. */
  async run<T>(mirror: string, signal: AbortSignal, act: (line: Line) => Promise<T>): Promise<T> {
    const line = await this.#turn(mirror, signal);
    try {
      return await act(line);
    } finally {
      this.#running.delete(line);
      this.#startNext();
    }
  }

  async #turn(mirror: string, signal: AbortSignal): Promise<Line> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Line>();
    const waiter = { mirror, since: performance.now(), start: resolve };
    const onAbort = () => {
      if (this.#waiting.delete(waiter)) reject(signal.reason);
    };
    this.#waiting.add(waiter);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#startNext();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Starts those whose turn it is, and looks again in a while if others wait. */
  #startNext(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#waiting.delete(next);
      const line = new Line(next.mirror, this.#bandwidth);
      this.#running.add(line);
      next.start(line);
    }
    clearTimeout(this.#timer);
    if (this.#waiting.size > 0)
      this.#timer = setTimeout(() => this.#startNext(), this.#limits.stuckMs / 5).unref();
  }

  #next(): Waiter | undefined {
    const { uploads, uploadsPerMirror, stuckMs } = this.#limits;
    const counts = new Map<string, number>();
    const stuck = new Set<string>();
    let moving = 0;
    for (const line of this.#running) {
      counts.set(line.mirror, (counts.get(line.mirror) ?? 0) + 1);
      if (line.isStuck(stuckMs)) stuck.add(line.mirror);
      else moving++;
    }
    const countOf = ({ mirror }: Waiter) => counts.get(mirror) ?? 0;
    // Where one upload is stuck, the next one probably will be: it comes after all others.
    const rankOf = (waiter: Waiter) => countOf(waiter) + (stuck.has(waiter.mirror) ? uploadsPerMirror : 0);
    let first: Waiter | undefined;
    for (const waiter of this.#waiting)
      if (countOf(waiter) < uploadsPerMirror && (!first || rankOf(waiter) < rankOf(first))) first = waiter;
    if (first === undefined || moving < uploads) return first;
    const isOwed = countOf(first) === 0 && performance.now() - first.since >= stuckMs;
    return isOwed ? first : undefined;
  }
}

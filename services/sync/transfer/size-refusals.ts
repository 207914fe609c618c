/** How long larger blobs are not tried after a refusal; doubled each time up to the limit. */
const PAUSE_MS = { first: 5 * 60_000, most: 60 * 60_000 } as const;

/**
 * What a mirror has recently refused for its size. A full disk, or a limit of the web server, is not tried with each blob:
 * that would cost its line and ours for nothing.
 */
export class SizeRefusals {
  readonly #now: () => number;
  #fromBytes = Number.POSITIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  #reason = '';

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Why a blob of this size need not be tried now, and for how long; undefined if it should be. */
  refuses(sizeBytes: number): { readonly reason: string; readonly retryAfterMs: number } | undefined {
    const retryAfterMs = this.#until - this.#now();
    if (retryAfterMs <= 0 || sizeBytes < this.#fromBytes) return undefined;
    return { reason: `not tried: ${this.#reason}`, retryAfterMs };
  }

  /** Remembers a refusal; returns how long to wait with blobs of this size. `askedMs`: for how long the mirror asked. */
  refused(sizeBytes: number, reason: string, askedMs = 0): number {
    const isKnown = this.#until > this.#now();
    // A further refusal in the same pause: smaller blobs do not fit, either.
    if (isKnown && sizeBytes >= this.#fromBytes) return this.#until - this.#now();
    this.#fromBytes = sizeBytes;
    this.#reason = reason;
    if (!isKnown) {
      this.#pauseMs = Math.min(this.#pauseMs * 2 || PAUSE_MS.first, PAUSE_MS.most);
      this.#until = this.#now() + Math.max(this.#pauseMs, askedMs);
    }
    return this.#until - this.#now();
  }

  /** To be called when the mirror took a blob: what is not larger fits again. */
  took(sizeBytes: number): void {
    if (sizeBytes < this.#fromBytes) return;
    this.#fromBytes = Number.POSITIVE_INFINITY;
    this.#until = Number.NEGATIVE_INFINITY;
    this.#pauseMs = 0;
  }
}

/** A client was sent to a mirror for a blob; client and blob by their short keys. */
export interface Redirected {
  readonly key: string;
  readonly blob: string;
  readonly mirror: string;
}

/** Redirects in one message: with the longest names they fit into its 4096 characters. */
export const REDIRECTS_MAX = 25;
/** Announcements begin at least this far apart; the first one after a pause is made at once. */
const PAUSE_MS = 5;
/** Redirects kept for one announcement; the rest are dropped. */
const WAITING_MAX = 8 * REDIRECTS_MAX;

/**
 * Announces redirects to other nodes before the client can have failed and come back there: at the end of this turn of the
 * event loop, or a few ms later under load.
 */
export class RedirectAnnouncer implements Disposable {
  readonly #announce: (redirects: readonly Redirected[]) => void;
  #waiting: Redirected[] = [];
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #announcedAtMs = Number.NEGATIVE_INFINITY;

  constructor(announce: (redirects: readonly Redirected[]) => void) {
    this.#announce = announce;
  }

  /** Announces a redirect soon. */
  add(redirect: Redirected): void {
    if (this.#waiting.length >= WAITING_MAX) return;
    this.#waiting.push(redirect);
    if (this.#timer ?? this.#immediate) return;
    if (performance.now() - this.#announcedAtMs >= PAUSE_MS)
      this.#immediate = setImmediate(() => this.#flush());
    else this.#timer = setTimeout(() => this.#flush(), PAUSE_MS).unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  #flush(): void {
    this.#timer = undefined;
    this.#immediate = undefined;
    this.#announcedAtMs = performance.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += REDIRECTS_MAX)
      this.#announce(waiting.slice(from, from + REDIRECTS_MAX));
  }
}

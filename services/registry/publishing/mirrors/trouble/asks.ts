import { LRUCache } from 'lru-cache';

/** Clients try again within seconds; Docker's back-off ends before that. */
export const ASKED_MS = 2 * 60_000;
/** What is remembered of one client and one blob. */
export interface Asked {
  /** Where the client was last sent for the blob; undefined if the node answered itself. */
  readonly mirror: string | undefined;
  /** When that was. */
  readonly atMs: number;
  /** Requests, and how many of them the node answered itself, since `sinceMs`. */
  readonly count: number;
  readonly ownAnswers: number;
  readonly sinceMs: number;
}

/** Remembers for two minutes which client asked for which blob, and where it was sent. */
export class Asks {
  readonly #asked: LRUCache<string, Asked>;

  /** Remembers at most `max` pairs of a client and a blob; `now` in ms, monotonic. */
  constructor(max: number, now: () => number) {
    this.#asked = new LRUCache({ max, ttl: ASKED_MS, ttlResolution: 0, perf: { now } });
  }

  /** What is remembered; its counts are of the last two minutes, and begin again then. */
  get(client: string, blob: string, nowMs: number): Asked | undefined {
    const asked = this.#asked.get(client + blob);
    if (asked === undefined || nowMs - asked.sinceMs < ASKED_MS) return asked;
    return { ...asked, count: 0, ownAnswers: 0, sinceMs: nowMs };
  }

  /** Notes one more request, and the mirror that the client was sent to, if it was. */
  note(client: string, blob: string, mirror: string | undefined, nowMs: number): void {
    const before = this.get(client, blob, nowMs);
    this.#asked.set(client + blob, {
      mirror,
      atMs: nowMs,
      count: (before?.count ?? 0) + 1,
      ownAnswers: (before?.ownAnswers ?? 0) + (mirror === undefined ? 1 : 0),
      sinceMs: before?.sinceMs ?? nowMs,
    });
  }
}

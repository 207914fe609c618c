import { LRUCache } from 'lru-cache';
import { ASKED_MS } from './asks.ts';

/** Mirrors in one announcement: with the longest names they fit into a message. */
export const SUSPECTS_MAX = 16;

/** A client began an image a second time after it was sent to these mirrors; client and repository by their short keys. */
export interface Restart {
  readonly key: string;
  readonly repository: string;
  readonly mirrors: readonly string[];
}

/**
 * Remembers clients that begin an image a second time: they ask for its manifest again after they were sent to mirrors. One
 * that still needs blobs then has probably failed at one of those mirrors, even if it begins with a blob that it had not
 * asked for before. That is a suspicion only: for this repository the mirrors come last, and none is excluded.
 */
export class Restarts {
  readonly #askedMs: LRUCache<string, number>;
  readonly #suspects: LRUCache<string, ReadonlySet<string>>;

  /** Remembers at most `max` pairs of a client and a manifest, or a repository; `now` in ms, monotonic. */
  constructor(max: number, now: () => number) {
    const options = { max, ttl: ASKED_MS, ttlResolution: 0, perf: { now } };
    this.#askedMs = new LRUCache(options);
    this.#suspects = new LRUCache(options);
  }

  /** Notes that a client asks for a manifest; returns when it did so before, if it did in the last two minutes. */
  asked(client: string, manifest: string, nowMs: number): number | undefined {
    const key = client + manifest;
    const before = this.#askedMs.get(key);
    this.#askedMs.set(key, nowMs);
    return before;
  }

  /** Notes a restart, of this node or of another one; returns whether it says anything that was not known. */
  note({ key, repository, mirrors }: Restart): boolean {
    const known = this.#suspects.get(key + repository) ?? new Set();
    if (mirrors.every((mirror) => known.has(mirror))) return false;
    this.#suspects.set(key + repository, new Set([...mirrors, ...known].slice(0, SUSPECTS_MAX)));
    return true;
  }

  /** The mirrors that may have made a client begin a second time; undefined if it did not. */
  suspects(client: string, repository: string): ReadonlySet<string> | undefined {
    return this.#suspects.get(client + repository);
  }
}

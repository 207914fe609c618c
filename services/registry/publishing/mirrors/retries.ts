import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** The part of a client's request that its repetition has in common with it. */
export interface Asked {
  readonly clientAddress: string;
  /** `Authorization` and `User-Agent`: they distinguish clients behind one address. */
  readonly authorization: string;
  readonly userAgent: string;
  readonly repository: string;
  readonly digest: string;
  /** `Range`: a client that fetches a blob in several ranges at once repeats nothing. */
  readonly range: string;
}

/** Clients try again within seconds; Docker's back-off ends before that. */
const REMEMBERED_MS = 2 * 60_000;
/** Some 20 MB when full. */
const REMEMBERED_MAX = 100_000;
/** How often repetitions are announced to other nodes. */
const ANNOUNCE_MS = 100;
/** At most this many per announcement; the rest are dropped. */
const TOLD_MAX = 100;

export interface RetryOptions {
  /** Sends keys to the other nodes, if it can. */
  readonly announce: (keys: readonly string[]) => void;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/**
 * Counts how often the same request for a blob has recently come: a client that asks again shortly after a redirect to a
 * mirror has probably failed there. In memory, so no request waits; nodes inform each other in batches, since a client's
 * next request may go to another node. A hint: if it is lost, the client is sent to the same mirror once more.
 */
export class Retries implements Disposable {
  readonly #counts: LRUCache<string, number>;
  readonly #options: RetryOptions;
  #unannounced: string[] = [];
  #announcing: NodeJS.Timeout | undefined;

  constructor(options: RetryOptions) {
    const { now } = options;
    this.#options = options;
    this.#counts = new LRUCache({
      ...{ max: REMEMBERED_MAX, ttl: REMEMBERED_MS },
      ...(now && { perf: { now }, ttlResolution: 0 }),
    });
  }

  /** How often such a request was recently noted. */
  count(asked: Asked): number {
    return this.#counts.get(keyOf(asked)) ?? 0;
  }

  /** To be called when a client is sent to a mirror, or is not because it was before. */
  note(asked: Asked): void {
    const key = keyOf(asked);
    this.heard([key]);
    if (this.#unannounced.length < TOLD_MAX) this.#unannounced.push(key);
    this.#announcing ??= setTimeout(() => this.#announce(), ANNOUNCE_MS).unref();
  }

  /** To be called with announcements of other nodes. */
  heard(keys: readonly string[]): void {
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#announcing);
  }

  #announce(): void {
    const keys = this.#unannounced;
    this.#unannounced = [];
    this.#announcing = undefined;
    this.#options.announce(keys);
  }
}

/** Short, as it is sent to other nodes, and without information about the client. */
function keyOf({ clientAddress, authorization, userAgent, repository, digest, range }: Asked): string {
  const hash = createHash('sha256');
  for (const part of [clientAddress, authorization, userAgent, repository, digest, range])
    hash.update(`${part}\0`);
  return hash.digest('base64url').slice(0, 16);
}

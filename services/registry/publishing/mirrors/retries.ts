import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Who asked for what: of a client's request, all that its repetition has in common with it. */
export interface Asked {
  readonly clientAddress: string;
  /** `Authorization` and `User-Agent`: they tell clients behind one address apart. */
  readonly authorization: string;
  readonly userAgent: string;
  readonly repository: string;
  readonly digest: string;
  /** `Range`: one who fetches a blob in several pieces at once repeats nothing. */
  readonly range: string;
}

/** Clients try again within seconds; Docker's back-off ends before that. */
const REMEMBERED_MS = 2 * 60_000;
/** Some 20 MB when full. */
const REMEMBERED_MAX = 100_000;
/** So often those of other nodes are told. */
const TELL_MS = 100;
/** Told at once at most; what is beyond goes untold. */
const TOLD_MAX = 100;

export interface RetryOptions {
  /** Sends keys to the other nodes, if it can. */
  readonly tell: (keys: readonly string[]) => void;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/**
 * Counts how often one and the same request for a blob has come of late: a client that asks again, when it was sent to a
 * mirror a moment ago, has probably failed there. In memory, so no request waits; nodes tell each other in batches, for a
 * client's next request may come to another. A hint: when it is lost, the client is sent to the same mirror once more.
 */
export class Retries implements Disposable {
  readonly #counts: LRUCache<string, number>;
  readonly #options: RetryOptions;
  #untold: string[] = [];
  #telling: NodeJS.Timeout | undefined;

  constructor(options: RetryOptions) {
    const { now } = options;
    this.#options = options;
    this.#counts = new LRUCache({
      ...{ max: REMEMBERED_MAX, ttl: REMEMBERED_MS },
      ...(now && { perf: { now }, ttlResolution: 0 }),
    });
  }

  /** How often such a request was noted of late. */
  count(asked: Asked): number {
    return this.#counts.get(keyOf(asked)) ?? 0;
  }

  /** To be called when a client is sent to a mirror, or was not because it had been. */
  note(asked: Asked): void {
    const key = keyOf(asked);
    this.heard([key]);
    if (this.#untold.length < TOLD_MAX) this.#untold.push(key);
    this.#telling ??= setTimeout(() => this.#tell(), TELL_MS).unref();
  }

  /** To be called with what other nodes tell. */
  heard(keys: readonly string[]): void {
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#telling);
  }

  #tell(): void {
    const keys = this.#untold;
    this.#untold = [];
    this.#telling = undefined;
    this.#options.tell(keys);
  }
}

/** Short, as it is sent around, and tells nothing of the client. */
function keyOf({ clientAddress, authorization, userAgent, repository, digest, range }: Asked): string {
  const hash = createHash('sha256');
  for (const part of [clientAddress, authorization, userAgent, repository, digest, range])
    hash.update(`${part}\0`);
  return hash.digest('base64url').slice(0, 16);
}

import { LRUCache } from 'lru-cache';
import type { Sha256Digest } from '../../../oci/digest.ts';
import type { MirrorState } from '../mirror-states.ts';

/** A doubt without a newer one counts for this long. */
const DOUBTED_MS = 60_000;
/** One client may have a trouble of its own. */
const DOUBTERS_MIN = 2;
/** The share of its weight that is left to a mirror in doubt. */
const DOUBTED_FACTOR = 0.25;
/** Clients that are remembered as doubting one mirror. */
const DOUBTERS_MAX = 64;
const MIRRORS_MAX = 512;

interface Doubt {
  readonly digest: Sha256Digest;
  readonly clearedBefore: number;
}

const UNCHANGED: ReadonlyMap<string, number> = new Map();

/** The doubts that clients raised recently: they lower a mirror's share for everybody before anything is proved. */
export class Doubts {
  readonly #now: () => number;
  /** By mirror, then by client: the client's last doubt. */
  readonly #doubts = new LRUCache<string, LRUCache<string, Doubt>>({ max: MIRRORS_MAX });

  /** `now` in ms, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A client came back for a blob after it had been sent to this mirror. */
  note(mirror: string, client: string, doubt: Doubt): void {
    let doubters = this.#doubts.get(mirror);
    if (doubters === undefined) {
      const perf = { now: this.#now };
      doubters = new LRUCache({ max: DOUBTERS_MAX, ttl: DOUBTED_MS, ttlResolution: 0, perf });
      this.#doubts.set(mirror, doubters);
    }
    doubters.set(client, doubt);
  }

  /** By which factor the weights of mirrors count now; those that are not named count in full. */
  factors(states: readonly MirrorState[]): ReadonlyMap<string, number> {
    if (this.#doubts.size === 0) return UNCHANGED;
    const factors = new Map<string, number>();
    for (const state of states)
      if (this.#doubtersOf(state) >= DOUBTERS_MIN) factors.set(state.mirror.name, DOUBTED_FACTOR);
    return factors;
  }

  /** How many clients doubt a mirror. Forgets doubts that were refuted or are old. */
  #doubtersOf({ mirror, cleared }: MirrorState): number {
    const doubters = this.#doubts.peek(mirror.name);
    if (doubters === undefined) return 0;
    doubters.purgeStale();
    for (const [client, { digest, clearedBefore }] of [...doubters.entries()])
      if ((cleared.get(digest) ?? 0) > clearedBefore) doubters.delete(client);
    if (doubters.size === 0) this.#doubts.delete(mirror.name);
    return doubters.size;
  }
}

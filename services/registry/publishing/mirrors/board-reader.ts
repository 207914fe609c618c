import type { MirrorName } from '../../oci/names.ts';
import type { Heartbeat, LeaseStore, StoredLease } from '../../storage/lease.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { type Board, boardLeases, type StoredLedger } from './board.ts';
import type { Ledger } from './ledger.ts';
import { MissingSets } from './missing-sets.ts';

/** An owner that is silent for this long may have a successor. Its own heartbeats are two seconds apart. */
const SUSPECT_MS = 5000;
/** How often a successor is looked for: that takes a listing. */
const SEARCH_MS = 3000;

/** A board as one reader sees it. */
export interface BoardSight {
  readonly heartbeat: Heartbeat;
  /** By the monotonic clock, when the heartbeat was last seen to move; -∞ if only one was ever read. */
  readonly movedAt: number;
  readonly ledgers: ReadonlyMap<MirrorName, Ledger>;
}

/** Reads one board again and again, at one request each time while its owner lives. */
export class BoardReader {
  readonly #leases: LeaseStore<Board>;
  readonly #sets: MissingSets;
  readonly #now: () => number;
  #known: StoredLease<Board> | undefined;
  #hasRead = false;
  #movedAt = Number.NEGATIVE_INFINITY;
  #seenAt = Number.NEGATIVE_INFINITY;
  #searchedAt = Number.NEGATIVE_INFINITY;
  #whole = new Map<MirrorName, { version: string; ledger: Ledger }>();

  constructor(objects: ObjectStore, board: number, now: () => number = () => performance.now()) {
    this.#leases = boardLeases(objects, board);
    this.#sets = new MissingSets(objects);
    this.#now = now;
  }

  /**
   * The board as it is now, of the mirrors that are wanted; undefined if there never was one. `isNews`: it is known that
   * there is something new. Throws if it cannot be read.
   */
  async read(wanted: readonly MirrorName[], isNews = false): Promise<BoardSight | undefined> {
    const found = await this.#newest(isNews);
    const isFirst = !this.#hasRead;
    this.#hasRead = true;
    if (found === undefined) return undefined;
    const before = this.#known;
    if (before?.leaseEpoch !== found.leaseEpoch || before.value.beat !== found.value.beat) {
      // Only a heartbeat that moves is a sign of life. The time in it is of another clock: it says nothing about its age.
      this.#movedAt = isFirst ? Number.NEGATIVE_INFINITY : this.#now();
      this.#seenAt = this.#now();
    }
    this.#known = found;
    return {
      heartbeat: found.value,
      movedAt: this.#movedAt,
      ledgers: await this.#wholeLedgers(found, wanted),
    };
  }

  /** When the heartbeat was last seen to move. */
  get movedAt(): number {
    return this.#movedAt;
  }

  async #newest(isNews: boolean): Promise<StoredLease<Board> | undefined> {
    const known = this.#known && (await this.#leases.readAgain(this.#known.leaseEpoch));
    const isLost = this.#known !== undefined && known === undefined;
    const isSuspect =
      known === undefined ||
      known.value.holder === '' ||
      (known.value.beat === this.#known?.value.beat && this.#now() - this.#seenAt > SUSPECT_MS);
    const isDue = isLost || isNews || this.#now() - this.#searchedAt >= SEARCH_MS;
    if (!isSuspect || !isDue) return known;
    this.#searchedAt = this.#now();
    return this.#leases.read();
  }

  /** With their missing sets; without those whose set was superseded between two requests: they are there next time. */
  async #wholeLedgers(
    { value }: StoredLease<Board>,
    wanted: readonly MirrorName[],
  ): Promise<ReadonlyMap<MirrorName, Ledger>> {
    const all = new Map<MirrorName, { version: string; ledger: Ledger }>();
    for (const mirror of wanted) {
      const stored = value.mirrors[mirror];
      if (stored === undefined) continue;
      const version = stored.missingVersion ?? '';
      const known = this.#whole.get(mirror);
      const ledger =
        stored.missingVersion !== undefined && known?.version === version
          ? { ...short(stored), missing: known.ledger.missing }
          : await this.#sets.whole(stored, mirror);
      if (ledger) all.set(mirror, { version, ledger });
    }
    this.#whole = all;
    return new Map([...all].map(([mirror, { ledger }]) => [mirror, ledger]));
  }
}

function short({ missingVersion: _, ...ledger }: StoredLedger): Ledger {
  return ledger;
}

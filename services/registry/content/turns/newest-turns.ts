import { LRUCache } from 'lru-cache';
import type { RepositoryName } from '../../oci/names.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { Patience } from './patience.ts';
import { busy } from './refusals.ts';
import { REMEMBERED } from './remembered.ts';
import type { TurnClock, TurnTiming } from './timing.ts';
import { type NumberedTurn, type TurnOwner, type TurnRecord, TurnStore } from './turn-store.ts';

/** The newest turn as this process saw it. */
export interface Seen {
  /** Undefined before the first turn of a repository. */
  readonly turn: NumberedTurn | undefined;
  /** Before the look; so it was the newest at that moment, or later. */
  readonly at: number;
  /** Since when this process has had one turn after the other; undefined for a turn that it did not have. */
  readonly inARowSince?: number;
}

interface NewestTurnsOptions {
  readonly clock: TurnClock;
  readonly timing: TurnTiming;
  readonly owner: TurnOwner;
}

/** The newest turn of each repository: what this process remembers of it, and what the store says. */
export class NewestTurns {
  readonly #objects: ObjectStore;
  readonly #clock: TurnClock;
  readonly #timing: TurnTiming;
  readonly #owner: TurnOwner;
  readonly #seen = new LRUCache<string, Seen>(REMEMBERED);
  /** Since when an unfinished one did not change. */
  readonly #silentSince = new LRUCache<string, { readonly beat: string; readonly at: number }>(REMEMBERED);
  /** Numbers that exist, or have existed: a listing that does not show them lags. */
  readonly #floors = new LRUCache<string, number>(REMEMBERED);

  constructor(objects: ObjectStore, { clock, timing, owner }: NewestTurnsOptions) {
    this.#objects = objects;
    this.#clock = clock;
    this.#timing = timing;
    this.#owner = owner;
  }

  /** Whether a turn leaves nothing but its doubts behind: its holder ended it, or cannot write any more. */
  isSettled({ record }: NumberedTurn): boolean {
    return record.isOver || (this.#objects.writesEndWithProcess && this.#hasEnded(record));
  }

  /** Whether a holder may be at work in a turn. */
  isBusy({ record }: NumberedTurn): boolean {
    return !record.isOver && !this.#hasEnded(record);
  }

  /** A number exists from now on, in this process or another. */
  met(name: RepositoryName, number: number): void {
    this.#seen.delete(name);
    this.#exists(name, number);
  }

  /** This process ended its turn at that time. */
  ended(name: RepositoryName, seen: Seen): void {
    this.#seen.set(name, seen);
  }

  /**
   * The newest turn, once it is over, or its holder has been silent for too long. From memory only while what this process
   * ended last cannot have been deleted. Throws when the patience is over before.
   */
  async untilFree(name: RepositoryName, patience: Patience): Promise<Seen> {
    for (;;) {
      const seen = await this.#look(name);
      if (seen.turn === undefined || !this.isBusy(seen.turn) || this.#isSilent(name, seen.turn, seen.at))
        return seen;
      if (this.#clock.now() >= patience.deadline) throw busy();
      await patience.pause(this.#timing.lookMs);
    }
  }

  /** The newest turn, as the store says it now; any number of times at once, also while this process has a turn. */
  async now(name: RepositoryName): Promise<NumberedTurn | undefined> {
    const known = this.#recent(name);
    if (known?.turn?.record.isOver) {
      if (!(await this.#storeOf(name).hasAfter(known.turn.number))) return known.turn;
      this.#exists(name, known.turn.number + 1);
    }
    return (await this.#read(name, known, true)).turn;
  }

  #storeOf(name: RepositoryName): TurnStore {
    return new TurnStore(this.#objects, name);
  }

  /** Nobody can say that of a holder without a name. */
  #hasEnded({ holder }: TurnRecord): boolean {
    return holder !== '' && this.#owner.isGone(holder);
  }

  #isSilent(name: RepositoryName, { number, record }: NumberedTurn, seenAt: number): boolean {
    // Versions before this one count only some writes.
    const beat = `${number}.${record.beat}.${record.changes.length}`;
    const silent = this.#silentSince.get(name);
    if (silent?.beat === beat) return seenAt - silent.at >= this.#timing.silenceMs;
    this.#silentSince.set(name, { beat, at: this.#clock.now() });
    return false;
  }

  /** What was seen so short ago that it cannot have been deleted. */
  #recent(name: RepositoryName): Seen | undefined {
    const known = this.#seen.get(name);
    return known && this.#clock.now() - known.at < this.#timing.keepMs / 2 ? known : undefined;
  }

  async #look(name: RepositoryName): Promise<Seen> {
    const known = this.#recent(name);
    if (known?.turn?.record.isOver) {
      const at = this.#clock.now();
      const { inARowSince = at } = known;
      if (at - known.at > this.#timing.lookMs) return { ...known, inARowSince: at };
      if (at - inARowSince < this.#timing.inARowMs) return known;
      // Other processes look every now and then: between two turns in a row they would find none free.
      await this.#clock.wait(this.#timing.lookMs * (2 + 2 * Math.random()));
    }
    return this.#read(name, known);
  }

  async #read(name: RepositoryName, known: Seen | undefined, isProbed = false): Promise<Seen> {
    const at = this.#clock.now();
    const [from, floor] = [known?.turn?.number, this.#floors.get(name)];
    const turn = await this.#storeOf(name).newest({ from, floor, isProbed });
    if (turn) this.#exists(name, turn.number);
    const seen = { turn, at };
    this.#remember(name, seen);
    return seen;
  }

  /** Looks overlap: one that was slow does not hide what came since. */
  #remember(name: RepositoryName, seen: Seen): void {
    const known = this.#recent(name)?.turn;
    const [before, now] = [known?.number ?? 0, seen.turn?.number ?? 0];
    const isOld = before > now || (before === now && known?.record.isOver === true);
    if (!isOld) this.#seen.set(name, seen);
  }

  #exists(name: RepositoryName, number: number): void {
    this.#floors.set(name, Math.max(number, this.#floors.get(name) ?? 0));
  }
}

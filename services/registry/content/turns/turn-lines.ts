import type { RepositoryName } from '../../oci/names.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { areAtOdds, type Change, recorded } from './change.ts';
import { Doubts } from './doubts.ts';
import { HeldTurn } from './held-turn.ts';
import { Lines } from './line.ts';
import { NewestTurns } from './newest-turns.ts';
import { busy, inDoubt } from './refusals.ts';
import type { TurnClock, TurnTiming } from './timing.ts';
import { type Doubt, type NumberedTurn, type TurnOwner, TurnStore } from './turn-store.ts';
import { type Outcome, sharing, type Waiting, type Wanted } from './wanted.ts';

interface TurnLinesOptions {
  readonly clock: TurnClock;
  readonly timing: TurnTiming;
  readonly owner: TurnOwner;
  /** Takes an empty turn, by which a doubt that is over is taken away. */
  readonly settled: (name: RepositoryName) => Promise<unknown>;
}

/** A turn of this process, and the changes that have it together. */
interface Taken {
  readonly held: HeldTurn;
  readonly all: readonly Waiting[];
  readonly inARowSince: number;
}

/** The changes of this process that wait for a turn, in a line for each repository; gives one after the other its turn. */
export class TurnLines {
  readonly #objects: ObjectStore;
  readonly #clock: TurnClock;
  readonly #timing: TurnTiming;
  readonly #owner: TurnOwner;
  readonly #newest: NewestTurns;
  readonly #doubts: Doubts;
  readonly #lines = new Lines<Waiting>((name, first, line) =>
    this.#serve(name as RepositoryName, first, line),
  );
  readonly #sweeping = new Set<RepositoryName>();

  constructor(objects: ObjectStore, { clock, timing, owner, settled }: TurnLinesOptions) {
    this.#objects = objects;
    this.#clock = clock;
    this.#timing = timing;
    this.#owner = owner;
    this.#newest = new NewestTurns(objects, { clock, timing, owner });
    this.#doubts = new Doubts({ clock, lateMs: timing.lateMs, settled });
  }

  /** Whether nothing that is under way or in doubt is at odds with some changes, as the store says it now. */
  async isClear(name: RepositoryName, changes: readonly Change[]): Promise<boolean> {
    const turn = await this.#newest.now(name);
    if (turn === undefined) return true;
    const isBusy = this.#newest.isBusy(turn);
    if (isBusy && areAtOdds(changes, turn.record.changes)) return false;
    const doubts = this.#doubts.unsettled(name, isBusy ? turn.record.doubts : this.#leftBy(turn));
    return this.#doubts.until(name, doubts, changes) === undefined;
  }

  /** Lines a change up, and returns when it was carried out, or may not be yet. Throws when its patience is over before. */
  async lineUp(name: RepositoryName, wanted: Wanted): Promise<Outcome> {
    const begun = Promise.withResolvers<void>();
    const { promise: outcome, resolve, reject } = Promise.withResolvers<Outcome>();
    outcome.catch(() => undefined);
    const waiting = { ...wanted, begin: begun.resolve, resolve, reject };
    this.#lines.enter(name, waiting);
    try {
      await Promise.race([begun.promise, wanted.patience.isOver]);
    } catch (error) {
      if (this.#lines.leave(name, waiting)) throw error;
    }
    return await outcome;
  }

  /** Gives the first of a line its turn, together with others that may share it. */
  async #serve(name: RepositoryName, first: Waiting, line: readonly Waiting[]): Promise<void> {
    try {
      const taken = await this.#take(name, first, line);
      if ('doubtedUntil' in taken) return first.resolve(taken);
      const { held, all, inARowSince } = taken;
      let atWork = all.length;
      const carryOut = async ({ act, changes, patience, resolve }: Waiting) => {
        const share = held.shareOf(changes, patience.signal);
        try {
          await act(share.turn);
        } finally {
          atWork--;
        }
        // A client whose change is certain does not wait for the others.
        if (atWork > 0 && !share.hasDoubt) resolve('acted');
      };
      const ends = await Promise.allSettled(all.map(carryOut));
      await this.#end(name, held, inARowSince);
      for (const [i, end] of ends.entries())
        if (end.status === 'fulfilled') all[i]?.resolve('acted');
        else all[i]?.reject(end.reason);
    } catch (error) {
      first.reject(error);
    }
  }

  async #take(
    name: RepositoryName,
    first: Waiting,
    line: readonly Waiting[],
  ): Promise<Taken | Exclude<Outcome, 'acted'>> {
    const store = new TurnStore(this.#objects, name);
    const { patience } = first;
    for (;;) {
      const before = await this.#newest.untilFree(name, patience);
      const doubts = before.turn ? this.#doubts.unsettled(name, this.#leftBy(before.turn)) : [];
      const until = (changes: readonly Change[]) => this.#doubts.until(name, doubts, changes);
      const shakyUntil = until(first.needs);
      if (shakyUntil !== undefined) throw inDoubt(shakyUntil - this.#clock.now());
      const doubtedUntil = until(first.changes);
      if (doubtedUntil !== undefined) return { doubtedUntil };
      const others = sharing(first, line).filter(
        ({ changes, needs }) => until(changes) === undefined && until(needs) === undefined,
      );
      const number = (before.turn?.number ?? 0) + 1;
      const [version, holder] = [1 as const, this.#owner.name];
      const changes = recorded([first, ...others].flatMap((each) => each.changes));
      const record = { version, holder, beat: 0, isOver: false, changes, doubts };
      patience.throwIfGone();
      const takenAt = this.#clock.now();
      const isTaken = await store.take({ number, record });
      this.#newest.met(name, number);
      if (!isTaken) {
        // A listing that lags does not show it yet.
        if (this.#clock.now() >= patience.deadline) throw busy();
        await patience.pause(this.#timing.lookMs);
        continue;
      }
      const parts = { store, clock: this.#clock, timing: this.#timing };
      const held = new HeldTurn(parts, { number, record }, takenAt);
      // The number may have been used and deleted since it was looked for.
      if (this.#clock.now() - before.at >= this.#timing.keepMs / 2) {
        await held.end();
        if (this.#clock.now() >= patience.deadline) throw busy();
        continue;
      }
      this.#sweepLater(store, name, number);
      const along = others.filter((other) => this.#lines.leave(name, other));
      for (const other of along) other.begin();
      return { held, all: [first, ...along], inARowSince: before.inARowSince ?? takenAt };
    }
  }

  /** The doubts that a turn leaves behind: its own, and all of it unless it was ended. */
  #leftBy(turn: NumberedTurn): readonly Doubt[] {
    const { number, record } = turn;
    if (this.#newest.isSettled(turn)) return record.doubts;
    return [...record.doubts, { turn: number, changes: record.changes }];
  }

  async #end(name: RepositoryName, held: HeldTurn, inARowSince: number): Promise<void> {
    const at = this.#clock.now();
    try {
      const turn = await held.end();
      if (turn === undefined) return;
      this.#newest.ended(name, { turn, at, inARowSince });
      if (held.doubtedAt !== undefined) this.#doubts.hearOf(name, turn.number, held.doubtedAt);
    } catch {
      // What was changed is changed. The next one waits until this turn counts as lost.
    }
  }

  /** Deletes the turns before this one when nobody can be about to take one of their numbers. */
  #sweepLater(store: TurnStore, name: RepositoryName, number: number): void {
    if (number === 1 || this.#sweeping.has(name)) return;
    this.#sweeping.add(name);
    this.#clock.later(this.#timing.keepMs, async () => {
      this.#sweeping.delete(name);
      await store.deleteBelow(number);
    });
  }
}

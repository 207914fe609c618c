import type { RepositoryName } from '../../oci/names.ts';
import type { Fence } from '../../storage/fence.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { Change } from './change.ts';
import type { Turn } from './held-turn.ts';
import { LookFence } from './look-fence.ts';
import { Patience } from './patience.ts';
import { inDoubt } from './refusals.ts';
import { TURN_CLOCK, TURN_TIMING, type TurnClock, type TurnTiming } from './timing.ts';
import { TurnLines } from './turn-lines.ts';
import type { TurnOwner } from './turn-store.ts';

export interface TurnOptions {
  readonly clock?: TurnClock;
  readonly timing?: TurnTiming;
  /** Without it, others wait until a holder that died has been silent for long enough. */
  readonly owner?: TurnOwner | undefined;
}

const UNKNOWN: TurnOwner = { name: '', isGone: () => false };

export interface TakeOptions {
  /** Ends the wait, and the right to write, when the client has gone. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the turn. */
  readonly patienceMs?: number | undefined;
  /** What the changes rely on, and was verified before: refused while a late write may be at odds with it. */
  readonly needs?: readonly Change[];
}

/**
 * The order of all changes of a repository's tags and manifests, over all processes: each change has a turn. It rests on
 * the store's conditional create and on monotonic clocks, and compares no wall clocks. The proof is in
 * docs/decisions/0019-turns.md.
 */
export class Turns {
  readonly #clock: TurnClock;
  readonly #timing: TurnTiming;
  readonly #lines: TurnLines;

  constructor(
    objects: ObjectStore,
    { clock = TURN_CLOCK, timing = TURN_TIMING, owner = UNKNOWN }: TurnOptions = {},
  ) {
    this.#clock = clock;
    this.#timing = timing;
    const settled = (name: RepositoryName) => this.take(name, [], async () => undefined);
    this.#lines = new TurnLines(objects, { clock, timing, owner, settled });
  }

  /**
   * Runs `act` while nobody else changes the repository, and returns its result. Writes of `act` take the turn's fence, so
   * that none is made when the turn may be over. Throws UNAVAILABLE when others keep the repository busy, or a write of
   * before may still undo these changes; CLIENT_GONE when the signal aborts.
   */
  take<T>(
    name: RepositoryName,
    changes: readonly Change[],
    act: (turn: Turn) => Promise<T>,
    options: TakeOptions = {},
  ): Promise<T> {
    return this.#have(name, { changes, mayShare: false }, act, options);
  }

  /**
   * {@link take}, for an `act` that neither reads nor writes any tag or manifest but those of `changes`: others of its
   * kind, with other changes, may be carried out in the same turn of this process.
   */
  share<T>(
    name: RepositoryName,
    changes: readonly Change[],
    act: (fence: Fence) => Promise<T>,
    options: TakeOptions = {},
  ): Promise<T> {
    return this.#have(name, { changes, mayShare: true }, ({ fence }) => act(fence), options);
  }

  /**
   * Runs `act` without a turn, for changes that anybody may make at the same time, if nothing that is under way or in
   * doubt is at odds with them. Its writes take the fence: those that come too long after the look are refused, and `act`
   * is run again in a turn; one without a certain answer is said to be in doubt. Not to be called in a turn. Throws as
   * {@link take} does.
   */
  async optimistically(
    name: RepositoryName,
    changes: readonly Change[],
    act: (fence: Fence) => Promise<void>,
    options: TakeOptions = {},
  ): Promise<void> {
    const look = new LookFence(this.#clock, this.#timing.validMs, options.signal);
    const isClear = await this.#lines.isClear(name, changes);
    const failure = isClear ? await failureOf(act(look)) : undefined;
    // Also for a client that has gone: those who delete have to know.
    if (look.hasDoubt) await this.#recordDoubt(name, changes);
    if (!isClear || look.isShut) await this.share(name, changes, act, options);
    else if (failure) throw failure.cause;
  }

  /** Leaves a doubt, also where an earlier one is at odds with it. */
  async #recordDoubt(name: RepositoryName, changes: readonly Change[]): Promise<void> {
    await this.take(name, [], async ({ declare, fence }) => {
      fence.doubt();
      await declare(changes);
    });
  }

  /** Waits for a turn, and until nothing that is in doubt is at odds with the changes. */
  async #have<T>(
    name: RepositoryName,
    how: { readonly changes: readonly Change[]; readonly mayShare: boolean },
    act: (turn: Turn) => Promise<T>,
    { signal, needs = [], patienceMs = this.#timing.patienceMs }: TakeOptions,
  ): Promise<T> {
    using patience = new Patience(this.#clock, patienceMs, signal);
    for (;;) {
      patience.throwIfGone();
      let result: { readonly is: T } | undefined;
      const keepResult = async (turn: Turn) => {
        result = { is: await act(turn) };
      };
      const outcome = await this.#lines.lineUp(name, { ...how, needs, patience, act: keepResult });
      if (outcome === 'acted') return (result as { readonly is: T }).is;
      const leftMs = outcome.doubtedUntil - this.#clock.now();
      if (outcome.doubtedUntil > patience.deadline) throw inDoubt(leftMs);
      // Outside of the line: others do not wait for this.
      await patience.pause(leftMs);
    }
  }
}

async function failureOf(act: Promise<void>): Promise<{ readonly cause: unknown } | undefined> {
  return act.then(
    () => undefined,
    (cause: unknown) => ({ cause }),
  );
}

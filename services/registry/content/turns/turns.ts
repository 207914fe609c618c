import { LRUCache } from 'lru-cache';
import { RegistryError } from '../../oci/errors.ts';
import type { RepositoryName } from '../../oci/names.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { areAtOdds, type Change } from './change.ts';
import { clientGone, HeldTurn, type Turn } from './held-turn.ts';
import { InLine } from './in-line.ts';
import { TURN_CLOCK, TURN_TIMING, type TurnClock, type TurnTiming } from './timing.ts';
import { type Doubt, type NumberedTurn, type TurnOwner, type TurnRecord, TurnStore } from './turn-store.ts';

/** Repositories and doubts of which this process remembers something; a forgotten one costs requests or time. */
const REMEMBERED = { maxSize: 10_000, sizeCalculation: () => 1 };

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
  readonly patienceMs?: number;
  /** What the changes rely on, and was verified before: refused while a late write may be at odds with it. */
  readonly needs?: readonly Change[];
}

/** The newest turn as this process saw it. */
interface Seen {
  /** Undefined before the first turn of a repository. */
  readonly turn: NumberedTurn | undefined;
  /** Before the look; so it was the newest at that moment, or later. */
  readonly at: number;
  /** Since when this process has had one turn after the other; undefined for a turn that it did not have. */
  readonly inARowSince?: number;
}

/**
 * The order of all changes of a repository's tags and manifests, over all processes: each change has a turn. It rests on
 * the store's conditional create and on monotonic clocks, and compares no wall clocks. The proof is in
 * docs/decisions/0019-turns.md.
 */
export class Turns {
  readonly #objects: ObjectStore;
  readonly #clock: TurnClock;
  readonly #timing: TurnTiming;
  readonly #owner: TurnOwner;
  readonly #lines = new InLine();
  /** The newest turns, and since when an unfinished one did not change. */
  readonly #seen = new LRUCache<string, Seen>(REMEMBERED);
  readonly #silentSince = new LRUCache<string, { readonly beat: string; readonly at: number }>(REMEMBERED);
  readonly #doubtedSince = new LRUCache<string, number>(REMEMBERED);
  /** Numbers that exist, or have existed: a listing that does not show them lags. */
  readonly #floors = new LRUCache<string, number>(REMEMBERED);
  readonly #sweeping = new Set<RepositoryName>();

  constructor(
    objects: ObjectStore,
    { clock = TURN_CLOCK, timing = TURN_TIMING, owner = UNKNOWN }: TurnOptions = {},
  ) {
    this.#owner = owner;
    this.#objects = objects;
    this.#clock = clock;
    this.#timing = timing;
  }

  /**
   * Runs `act` while no other process changes the repository, and returns its result. Writes of `act` take the turn's
   * fence, so that none is made when the turn may be over. Throws UNAVAILABLE when others keep the repository busy, or a
   * write of before may still undo these changes; CLIENT_GONE when the signal aborts.
   */
  async take<T>(
    name: RepositoryName,
    changes: readonly Change[],
    act: (turn: Turn) => Promise<T>,
    options: TakeOptions = {},
  ): Promise<T> {
    const { patienceMs = this.#timing.patienceMs } = options;
    const { signal } = options;
    const deadline = this.#clock.now() + patienceMs;
    using patience = this.#patience(patienceMs, signal);
    for (;;) {
      if (signal?.aborted) throw clientGone(signal.reason);
      const outcome = await this.#lines.next(name, patience.isOver, () =>
        this.#takeOnce(name, changes, act, { ...options, deadline }),
      );
      if ('result' in outcome) return outcome.result;
      if (outcome.doubtedUntil > deadline) throw inDoubt(outcome.doubtedUntil - this.#clock.now());
      // Outside of the line: others do not wait for this.
      await this.#wait(outcome.doubtedUntil - this.#clock.now(), signal);
    }
  }

  /** Rejects when a change has waited for too long, or its client has gone. */
  #patience(ms: number, signal: AbortSignal | undefined): Disposable & { readonly isOver: Promise<never> } {
    const { promise: isOver, reject } = Promise.withResolvers<never>();
    isOver.catch(() => undefined);
    const cancel = this.#clock.later(ms, async () => reject(busy()));
    const abort = () => reject(clientGone(signal?.reason));
    signal?.addEventListener('abort', abort, { once: true });
    return {
      isOver,
      [Symbol.dispose]() {
        cancel();
        signal?.removeEventListener('abort', abort);
      },
    };
  }

  async #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#clock.wait(Math.max(0, ms), signal).catch((error: unknown) => {
      throw signal?.aborted ? clientGone(signal.reason) : error;
    });
  }

  async #takeOnce<T>(
    name: RepositoryName,
    changes: readonly Change[],
    act: (turn: Turn) => Promise<T>,
    { deadline, needs = [], signal }: TakeOptions & { readonly deadline: number },
  ): Promise<{ readonly result: T } | { readonly doubtedUntil: number }> {
    const store = new TurnStore(this.#objects, name);
    for (;;) {
      const before = await this.#untilFree(store, name, deadline, signal);
      const doubts = this.#unsettled(name, before);
      const until = (all: readonly Doubt[]) => Math.max(...all.map((doubt) => this.#settledAt(name, doubt)));
      const shaky = doubts.filter((doubt) => areAtOdds(needs, doubt.changes));
      if (shaky.length > 0) throw inDoubt(until(shaky) - this.#clock.now());
      const blocking = doubts.filter((doubt) => areAtOdds(changes, doubt.changes));
      if (blocking.length > 0) return { doubtedUntil: until(blocking) };
      const number = (before.turn?.number ?? 0) + 1;
      const [version, holder] = [1 as const, this.#owner.name];
      const record = { version, holder, beat: 0, isOver: false, changes: [...changes], doubts };
      if (signal?.aborted) throw clientGone(signal.reason);
      const takenAt = this.#clock.now();
      const isTaken = await store.take({ number, record });
      this.#seen.delete(name);
      this.#floors.set(name, number);
      if (!isTaken) {
        // A listing that lags does not show it yet.
        if (this.#clock.now() >= deadline) throw busy();
        await this.#wait(this.#timing.lookMs, signal);
        continue;
      }
      const parts = { store, clock: this.#clock, timing: this.#timing };
      const held = new HeldTurn(parts, { number, record }, takenAt, signal);
      // The number may have been used and deleted since it was looked for.
      if (this.#clock.now() - before.at >= this.#timing.keepMs) {
        await held.end();
        continue;
      }
      this.#sweepLater(store, name, number);
      try {
        return { result: await act(held) };
      } finally {
        await this.#end(name, held, before.inARowSince ?? takenAt);
      }
    }
  }

  /** The newest turn, once it is over, or its holder has been silent for too long. */
  async #untilFree(
    store: TurnStore,
    name: RepositoryName,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<Seen> {
    for (;;) {
      const seen = await this.#look(store, name);
      const { turn } = seen;
      if (turn === undefined || turn.record.isOver || this.#hasEnded(turn.record)) return seen;
      const beat = `${turn.number}.${turn.record.beat}.${turn.record.changes.length}`;
      const silent = this.#silentSince.get(name);
      const now = this.#clock.now();
      if (silent?.beat !== beat) this.#silentSince.set(name, { beat, at: now });
      else if (seen.at - silent.at >= this.#timing.silenceMs) return seen;
      if (now >= deadline) throw busy();
      await this.#wait(this.#timing.lookMs, signal);
    }
  }

  /** Nobody can say that of a holder without a name. */
  #hasEnded({ holder }: TurnRecord): boolean {
    return holder !== '' && this.#owner.isGone(holder);
  }

  /** The newest turn: from memory only while what this process ended last cannot have been deleted. */
  async #look(store: TurnStore, name: RepositoryName): Promise<Seen> {
    const known = this.#seen.get(name);
    const at = this.#clock.now();
    const isRecent = known !== undefined && at - known.at < this.#timing.keepMs / 2;
    if (isRecent && known.turn?.record.isOver) {
      const { inARowSince = at } = known;
      if (at - known.at > this.#timing.lookMs) return { ...known, inARowSince: at };
      if (at - inARowSince < this.#timing.inARowMs) return known;
      // Other processes look every now and then: between two turns in a row they would find none free.
      await this.#clock.wait(this.#timing.lookMs * (2 + 2 * Math.random()));
    }
    const lookedAt = this.#clock.now();
    const turn = await store.newest(isRecent ? known.turn?.number : undefined, this.#floors.get(name));
    if (turn) this.#floors.set(name, turn.number);
    const seen = { turn, at: lookedAt };
    this.#seen.set(name, seen);
    return seen;
  }

  /** The doubts of the newest turn that this process has not yet waited for; all of it, if its holder died. */
  #unsettled(name: RepositoryName, { turn }: Seen): Doubt[] {
    if (turn === undefined) return [];
    const { number, record } = turn;
    const all = [...record.doubts];
    const endedClean = record.isOver || (this.#objects.writesEndWithProcess && this.#hasEnded(record));
    if (!endedClean) all.push({ turn: number, changes: record.changes });
    return all.filter((doubt) => this.#settledAt(name, doubt) > this.#clock.now());
  }

  /** From when on a doubt is over: a while after this process first heard of it. */
  #settledAt(name: RepositoryName, doubt: Pick<Doubt, 'turn'>): number {
    const key = `${name} ${doubt.turn}`;
    const since = this.#doubtedSince.get(key);
    if (since !== undefined) return since + this.#timing.lateMs;
    this.#hearOf(name, doubt.turn, this.#clock.now());
    return this.#clock.now() + this.#timing.lateMs;
  }

  /** A while later a turn takes the doubt away, so that a process that hears of it only then need not wait. */
  #hearOf(name: RepositoryName, number: number, at: number): void {
    this.#doubtedSince.set(`${name} ${number}`, at);
    this.#clock.later(this.#timing.lateMs, () => this.take(name, [], async () => undefined));
  }

  async #end(name: RepositoryName, held: HeldTurn, inARowSince: number): Promise<void> {
    const at = this.#clock.now();
    try {
      const turn = await held.end();
      if (turn === undefined) return;
      this.#seen.set(name, { turn, at, inARowSince });
      if (held.doubtedAt !== undefined) this.#hearOf(name, turn.number, held.doubtedAt);
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

function busy(): RegistryError {
  return new RegistryError('UNAVAILABLE', 'others are changing this repository: try again');
}

function inDoubt(ms: number): RegistryError {
  const retryAfterSeconds = Math.max(1, Math.ceil(ms / 1000));
  return new RegistryError(
    'UNAVAILABLE',
    `the store gave no answer to an earlier change, which may still come: try again in ${retryAfterSeconds} s`,
    { retryAfterSeconds },
  );
}

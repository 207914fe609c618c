import { RegistryError } from '../../oci/errors.ts';
import type { Fence } from '../../storage/fence.ts';
import { ANY_CHANGE, type Change } from './change.ts';
import type { TurnClock, TurnTiming } from './timing.ts';
import type { NumberedTurn, TurnRecord, TurnStore } from './turn-store.ts';

/** A turn that changes more says that it changes anything: its object stays small. */
const CHANGES_MAX = 2000;

/** A turn, for the code that makes the changes. */
export interface Turn {
  /** For every write that changes a tag or a manifest of the repository. */
  readonly fence: Fence;
  /** Adds changes that were not known when the turn was taken; to be called before they are made. */
  readonly declare: (changes: readonly Change[]) => Promise<void>;
}

/** A turn that this process holds. */
export class HeldTurn implements Turn {
  readonly #store: TurnStore;
  readonly #clock: TurnClock;
  readonly #timing: TurnTiming;
  readonly #signal: AbortSignal | undefined;
  #turn: NumberedTurn;
  readonly #takenAt: number;
  #validUntil: number;
  #doubtedAt: number | undefined;
  #stopBeating: () => void = () => undefined;
  #writing: Promise<void> = Promise.resolve();

  /** `takenAt`: before the request by which it was taken. */
  constructor(
    { store, clock, timing }: { store: TurnStore; clock: TurnClock; timing: TurnTiming },
    turn: NumberedTurn,
    takenAt: number,
    signal: AbortSignal | undefined,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#timing = timing;
    this.#turn = turn;
    this.#takenAt = takenAt;
    this.#validUntil = takenAt + timing.validMs;
    this.#signal = signal;
    this.#beatLater();
  }

  /** When a write of this turn last got no certain answer; undefined if each got one. */
  get doubtedAt(): number | undefined {
    return this.#doubtedAt;
  }

  readonly fence: Fence = {
    check: () => {
      if (this.#signal?.aborted) throw clientGone(this.#signal.reason);
      if (!this.#isValid) throw tookTooLong();
    },
    doubt: () => {
      this.#doubtedAt = this.#clock.now();
    },
  };

  readonly declare = async (changes: readonly Change[]): Promise<void> => {
    if (changes.length === 0) return;
    this.fence.check();
    await this.#write((record) => {
      const all = [...record.changes, ...changes];
      return { ...record, changes: all.length > CHANGES_MAX ? [ANY_CHANGE] : all };
    });
  };

  /**
   * Lets the next one in, and says which changes are in doubt. Returns the turn as it is stored; undefined when others
   * may have taken over: they count the silence, and this process knows nothing of what came since.
   */
  async end(): Promise<NumberedTurn | undefined> {
    this.#stopBeating();
    if (!this.#isValid) return undefined;
    await this.#write((record) => ({
      ...record,
      isOver: true,
      changes: [],
      doubts: [
        ...record.doubts,
        ...(this.#doubtedAt === undefined ? [] : [{ turn: this.#turn.number, changes: record.changes }]),
      ],
    }));
    return this.#isValid ? this.#turn : undefined;
  }

  get #isValid(): boolean {
    return this.#clock.now() < this.#validUntil;
  }

  #beatLater(): void {
    this.#stopBeating = this.#clock.later(this.#timing.beatMs, async () => {
      // One that fails is made up for by the next one, or the turn ends.
      await this.#write((record) => ({ ...record, beat: record.beat + 1 })).catch(() => undefined);
      const isAtWork = !this.#turn.record.isOver && this.#isValid;
      if (isAtWork && this.#clock.now() - this.#takenAt < this.#timing.longestMs) this.#beatLater();
    });
  }

  /** One write at a time, none after the end. */
  #write(change: (record: TurnRecord) => TurnRecord): Promise<void> {
    const writing = this.#writing.then(async () => {
      const { number, record } = this.#turn;
      if (record.isOver) return;
      const sentAt = this.#clock.now();
      const turn = { number, record: change(record) };
      this.#turn = turn;
      await this.#store.write(turn);
      // An answer that comes later proves nothing: others may have lost patience before it.
      if (this.#isValid) this.#validUntil = sentAt + this.#timing.validMs;
    });
    this.#writing = writing.catch(() => undefined);
    return writing;
  }
}

function tookTooLong(): RegistryError {
  return new RegistryError(
    'UNAVAILABLE',
    'the store took too long for this change, and another one may have begun: try again',
  );
}

/** The error of a change whose client has gone. */
export function clientGone(cause: unknown): RegistryError {
  return new RegistryError('CLIENT_GONE', 'the client has gone: nothing more is changed', undefined, cause);
}

import type { Fence } from '../../storage/fence.ts';
import { type Change, recorded } from './change.ts';
import { clientGone, tookTooLong } from './refusals.ts';
import type { TurnClock, TurnTiming } from './timing.ts';
import type { NumberedTurn, TurnRecord, TurnStore } from './turn-store.ts';

/** A turn, for the code that makes the changes. */
export interface Turn {
  /** For every write that changes a tag or a manifest of the repository. */
  readonly fence: Fence;
  /** Adds changes that were not known when the turn was taken; to be called before they are made. */
  readonly declare: (changes: readonly Change[]) => Promise<void>;
}

/** What is in doubt of one of those who share a turn. */
interface Share {
  readonly changes: Change[];
  /** When one of its writes last got no certain answer. */
  doubtedAt: number | undefined;
}

/** A turn that this process holds. */
export class HeldTurn {
  readonly #store: TurnStore;
  readonly #clock: TurnClock;
  readonly #timing: TurnTiming;
  #turn: NumberedTurn;
  readonly #takenAt: number;
  #validUntil: number;
  readonly #shares: Share[] = [];
  #stopBeating: () => void = () => undefined;
  #writing: Promise<void> = Promise.resolve();

  /** `takenAt`: before the request by which it was taken. */
  constructor(
    { store, clock, timing }: { store: TurnStore; clock: TurnClock; timing: TurnTiming },
    turn: NumberedTurn,
    takenAt: number,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#timing = timing;
    this.#turn = turn;
    this.#takenAt = takenAt;
    this.#validUntil = takenAt + timing.validMs;
    this.#beatLater();
  }

  /** When a write of this turn last got no certain answer; undefined if each got one. */
  get doubtedAt(): number | undefined {
    const times = this.#shares.map(({ doubtedAt }) => doubtedAt).filter((at) => at !== undefined);
    return times.length > 0 ? Math.max(...times) : undefined;
  }

  /** The turn for one of those who share it. Their changes are in its record. `signal`: their client has gone. */
  shareOf(
    changes: readonly Change[],
    signal: AbortSignal | undefined,
  ): { readonly turn: Turn; readonly hasDoubt: boolean } {
    const share: Share = { changes: [...changes], doubtedAt: undefined };
    this.#shares.push(share);
    const check = () => {
      if (signal?.aborted) throw clientGone(signal.reason);
      if (!this.#isValid) throw tookTooLong();
    };
    const doubt = () => {
      share.doubtedAt = this.#clock.now();
    };
    const declare = async (more: readonly Change[]) => {
      if (more.length === 0) return;
      check();
      share.changes.push(...more);
      await this.#write((record) => ({ ...record, changes: recorded([...record.changes, ...more]) }));
    };
    return {
      turn: { fence: { check, doubt }, declare },
      get hasDoubt() {
        return share.doubtedAt !== undefined;
      },
    };
  }

  /**
   * Lets the next one in, and says which changes are in doubt. Returns the turn as it is stored; undefined when others
   * may have taken over: they count the silence, and this process knows nothing of what came since.
   */
  async end(): Promise<NumberedTurn | undefined> {
    this.#stopBeating();
    if (!this.#isValid) return undefined;
    const doubted = this.#shares.filter(({ doubtedAt }) => doubtedAt !== undefined);
    const changes = recorded(doubted.flatMap((share) => share.changes));
    await this.#write((record) => ({
      ...record,
      isOver: true,
      changes: [],
      doubts: [...record.doubts, ...(doubted.length > 0 ? [{ turn: this.#turn.number, changes }] : [])],
    }));
    return this.#isValid ? this.#turn : undefined;
  }

  get #isValid(): boolean {
    return this.#clock.now() < this.#validUntil;
  }

  #beatLater(): void {
    this.#stopBeating = this.#clock.later(this.#timing.beatMs, async () => {
      // One that fails is made up for by the next one, or the turn ends.
      await this.#write((record) => record).catch(() => undefined);
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
      // Others see by the beat that it was written.
      const turn = { number, record: { ...change(record), beat: record.beat + 1 } };
      this.#turn = turn;
      await this.#store.write(turn);
      // An answer that comes later proves nothing: others may have lost patience before it.
      if (this.#isValid) this.#validUntil = sentAt + this.#timing.validMs;
    });
    this.#writing = writing.catch(() => undefined);
    return writing;
  }
}

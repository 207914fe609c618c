import { setTimeout as sleep } from 'node:timers/promises';
import type { MirrorName } from '../registry/oci/names.ts';
import {
  acquireLedger,
  type Ledger,
  type LedgerTerm,
  readLedger,
  writeLedger,
} from '../registry/publishing/mirrors/ledger.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import { holderIsGone, holderName } from './holder.ts';

/** A worker whose ledger did not move for so long has lost its term. */
const SILENCE_MS = 10_000;
const LOOK_MS = 1000;

/** Another worker holds the mirror now. */
export class TermLostError extends Error {
  constructor(mirror: string) {
    super(`another sync worker has taken ${mirror} over`);
    this.name = 'TermLostError';
  }
}

/** A worker's hold on a mirror: the right to write to it and to keep its ledger. */
export class Term {
  readonly #objects: ObjectStore;
  readonly #mirror: MirrorName;
  readonly #term: number;
  #ledger: Ledger;
  /** When the mirror was last watched before this term, RFC 3339 UTC. */
  readonly previousBeatAt: string;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    objects: ObjectStore,
    mirror: MirrorName,
    { term, ledger }: LedgerTerm,
    previousBeatAt = ledger.beatAt,
  ) {
    this.previousBeatAt = previousBeatAt;
    this.#objects = objects;
    this.#mirror = mirror;
    this.#term = term;
    this.#ledger = ledger;
  }

  /** Waits until no other worker holds the mirror, then holds it. */
  static async acquire(objects: ObjectStore, mirror: MirrorName, signal: AbortSignal): Promise<Term> {
    let last: { beat: string; seenAt: number } | undefined;
    for (;;) {
      signal.throwIfAborted();
      const current = await readLedger(objects, mirror, signal);
      const beat = current ? `${current.term}.${current.ledger.beat}` : '';
      if (last?.beat !== beat) last = { beat, seenAt: performance.now() };
      const isFree =
        current === undefined ||
        holderIsGone(current.ledger.holder) ||
        performance.now() - last.seenAt > SILENCE_MS;
      if (isFree) {
        const acquired = await acquireLedger(objects, mirror, current, successor(current?.ledger));
        if (acquired) return new Term(objects, mirror, acquired, current?.ledger.beatAt);
      }
      await sleep(LOOK_MS, undefined, { signal });
    }
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /** Changes the ledger, one writer after the other. Throws {@link TermLostError} when the term is over. */
  async update(change: (ledger: Ledger) => Partial<Ledger>): Promise<void> {
    const write = async () => {
      const { beat } = this.#ledger;
      const ledger = {
        ...this.#ledger,
        beat: beat + 1,
        beatAt: new Date().toISOString(),
        ...change(this.#ledger),
      };
      if (!(await writeLedger(this.#objects, this.#mirror, { term: this.#term, ledger })))
        throw new TermLostError(this.#mirror);
      this.#ledger = ledger;
    };
    const writing = this.#writing.then(write);
    this.#writing = writing.catch(() => undefined);
    await writing;
  }

  /** Lets the next worker begin at once. */
  async release(): Promise<void> {
    await this.update(() => ({ holder: '' })).catch(() => undefined);
  }
}

/** A new term knows what the last one knew, except health, which it has to see for itself. */
function successor(previous: Ledger | undefined): Ledger {
  const now = new Date().toISOString();
  return {
    version: 1,
    watermark: previous?.watermark ?? 0,
    missing: previous?.missing ?? [],
    health: { state: 'unknown', since: now },
    beat: 0,
    beatAt: now,
    holder: holderName(),
  };
}

import type { MirrorName } from '../../registry/oci/names.ts';
import type { Board, StoredLedger } from '../../registry/publishing/mirrors/board.ts';
import type { Ledger } from '../../registry/publishing/mirrors/ledger.ts';
import { MissingSets } from '../../registry/publishing/mirrors/missing-sets.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { WakeSignal } from '../../registry/runtime/waiting.ts';
import type { Changes } from '../../registry/storage/changes.ts';
import { missingSetVersion } from '../../registry/storage/layout.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { type Lease, LeaseLostError } from '../lease.ts';

/** How often the board is written, whether anything has changed or not: each write is a heartbeat. */
const BEAT_MS = 2000;
/** What changes within this time is written together. */
const GATHER_MS = 100;
/**
 * What was seen longer ago is no longer vouched for: the worker was paused, and the mirror may have lost anything. As long
 * as the silence after which another worker takes over.
 */
const LOOK_GOOD_MS = 10_000;
/** How often it is seen whether long missing sets are still stored: without its set, a mirror is not used. */
const SETS_LOOK_MS = 20_000;

export interface BoardKeeperOptions {
  readonly lease: Lease<Board>;
  readonly objects: ObjectStore;
  readonly changes: Changes;
  readonly logger: Log;
  /** The ledgers to begin with, missing sets and all. */
  readonly ledgers: ReadonlyMap<MirrorName, Ledger>;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/**
 * A worker's board: ledgers change in memory, and all of them are written together, so that the number of mirrors costs no
 * requests. A store that stumbles delays a write and ends nothing; only a successor does.
 */
export class BoardKeeper {
  readonly #options: BoardKeeperOptions;
  readonly #sets: MissingSets;
  readonly #ledgers: Map<MirrorName, Ledger>;
  readonly #lookedAt = new Map<MirrorName, number>();
  readonly #written = new Map<MirrorName, { missing: Ledger['missing']; version: string }>();
  readonly #wake = new WakeSignal();
  readonly #now: () => number;
  #isChanged = false;
  #lastVersion = 0;
  #setsSeenAt: number;

  constructor(options: BoardKeeperOptions) {
    this.#options = options;
    this.#sets = new MissingSets(options.objects);
    this.#ledgers = new Map(options.ledgers);
    this.#now = options.now ?? (() => performance.now());
    this.#setsSeenAt = this.#now();
  }

  ledger(mirror: MirrorName): Ledger {
    const ledger = this.#ledgers.get(mirror);
    if (ledger === undefined) throw new Error(`the board has no mirror ${mirror}`);
    return ledger;
  }

  /** Changes a ledger; nodes learn of it within a moment. */
  update(mirror: MirrorName, change: Partial<Ledger>): void {
    this.#ledgers.set(mirror, withoutUndefined({ ...this.ledger(mirror), ...change }));
    this.#isChanged = true;
    this.#wake.notify();
  }

  /** To be called when a look at a mirror ends: `lookedAt` is when it began. */
  looked(mirror: MirrorName, lookedAt: number): void {
    this.#lookedAt.set(mirror, lookedAt);
  }

  /** Writes the board until the signal aborts. Throws {@link LeaseLostError} when another worker has taken over. */
  async keep(signal: AbortSignal): Promise<void> {
    let isFailing = false;
    while (!signal.aborted) {
      try {
        await this.write();
        isFailing = false;
      } catch (error) {
        if (error instanceof LeaseLostError) throw error;
        if (!isFailing)
          this.#options.logger.warn({ err: error }, 'cannot write the board of mirrors; trying again');
        isFailing = true;
        this.#isChanged = true;
      }
      await this.#wake.wait(isFailing ? BEAT_MS / 2 : BEAT_MS, signal);
      if (this.#isChanged) await new WakeSignal().wait(GATHER_MS, signal);
    }
  }

  /**
   * Writes the board now. A health that was not looked at for a while is written as unknown, as each heartbeat vouches for
   * it; the write itself may be held up after that was judged, so that it is judged again.
   */
  async write(): Promise<void> {
    do {
      const isChanged = this.#isChanged;
      this.#isChanged = false;
      this.#distrustOutdated();
      await this.#forgetLostSets();
      // What is written belongs together: a ledger may change while a set is written.
      const ledgers = [...this.#ledgers];
      const superseded = await this.#writeSets(ledgers);
      const mirrors = Object.fromEntries(ledgers.map(([name, ledger]) => [name, this.#stored(name, ledger)]));
      await this.#options.lease.update(() => ({ mirrors }));
      // A heartbeat alone need not be announced; nodes see it when they look.
      if (isChanged) this.#options.changes.publish({ kind: 'mirrors-changed' });
      for (const name of superseded) await this.#deleteSuperseded(name);
    } while ([...this.#ledgers.keys()].some((name) => this.#isOutdated(name)));
  }

  #distrustOutdated(): void {
    const reason = 'its sync worker has not looked at it for a while';
    for (const name of this.#ledgers.keys())
      if (this.#isOutdated(name))
        this.update(name, { health: { state: 'unknown', since: new Date().toISOString(), reason } });
  }

  #isOutdated(name: MirrorName): boolean {
    if (this.ledger(name).health.state !== 'up') return false;
    return this.#now() - (this.#lookedAt.get(name) ?? Number.NEGATIVE_INFINITY) > LOOK_GOOD_MS;
  }

  /** Boards may be deleted while a worker runs, to begin again: what is on them is written with each heartbeat, sets are not. */
  async #forgetLostSets(): Promise<void> {
    if (this.#written.size === 0 || this.#now() - this.#setsSeenAt < SETS_LOOK_MS) return;
    this.#setsSeenAt = this.#now();
    const isStored = await this.#sets.stored();
    for (const [mirror, { version }] of this.#written)
      if (!isStored(mirror, version)) this.#written.delete(mirror);
  }

  /** Writes the long missing sets that have changed; returns the mirrors whose earlier ones are superseded by that. */
  async #writeSets(ledgers: readonly (readonly [MirrorName, Ledger])[]): Promise<MirrorName[]> {
    const superseded: MirrorName[] = [];
    for (const [mirror, { missing }] of ledgers) {
      const written = this.#written.get(mirror);
      if (!MissingSets.isLong(missing)) {
        if (this.#written.delete(mirror)) superseded.push(mirror);
      } else if (written?.missing !== missing) {
        const version = this.#nextVersion();
        await this.#sets.write(mirror, version, missing);
        this.#written.set(mirror, { missing, version });
        superseded.push(mirror);
      }
    }
    return superseded;
  }

  #stored(mirror: MirrorName, ledger: Ledger): StoredLedger {
    const written = this.#written.get(mirror);
    return written ? { ...ledger, missing: [], missingVersion: written.version } : ledger;
  }

  async #deleteSuperseded(mirror: MirrorName): Promise<void> {
    await this.#sets.deleteBefore(mirror, this.#written.get(mirror)?.version ?? this.#nextVersion());
  }

  #nextVersion(): string {
    return missingSetVersion(this.#options.lease.leaseEpoch, ++this.#lastVersion);
  }
}

/** A field that is set to undefined is absent. */
function withoutUndefined(ledger: Ledger): Ledger {
  return Object.fromEntries(Object.entries(ledger).filter(([, value]) => value !== undefined)) as Ledger;
}

import type { Sha256Digest } from '../../oci/digest.ts';
import type { Log } from '../../runtime/log.ts';
import { WakeSignal } from '../../runtime/waiting.ts';
import type { Changes } from '../../storage/changes.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { type Ledger, readLedger } from './ledger.ts';
import type { Mirror } from './mirror.ts';

/** How often a node reads the ledgers. */
const REFRESH_MS = 1000;
/** After this time without a heartbeat, a worker no longer vouches for its mirror's health. */
const VOUCHED_MS = 15_000;

/** A node's current knowledge of a mirror. */
export interface MirrorState {
  readonly mirror: Mirror;
  readonly watermark: number;
  readonly missing: ReadonlySet<Sha256Digest>;
  /** Up, and vouched for by a live worker. */
  readonly healthy: boolean;
  /** Why not, for people. */
  readonly reason: string | undefined;
  readonly ledger: Ledger | undefined;
}

interface Sighting {
  readonly beat: string;
  readonly seenAt: number;
}

/** A node's view of all mirrors, refreshed in the background; the pull path only reads it. */
export class MirrorStates implements AsyncDisposable {
  readonly #objects: ObjectStore;
  readonly #mirrors: readonly Mirror[];
  readonly #failing = new Set<string>();
  readonly #sightings = new Map<string, Sighting>();
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  #running: Promise<void> = Promise.resolve();
  #states: readonly MirrorState[];
  #refreshedAt = Number.NEGATIVE_INFINITY;
  readonly #wake = new WakeSignal();

  private constructor(objects: ObjectStore, mirrors: readonly Mirror[], changes: Changes) {
    this.#objects = objects;
    this.#mirrors = mirrors;
    this.#states = mirrors.map((mirror) => unknownState(mirror, 'no sync worker has reported on it yet'));
    this.#unsubscribe = changes.subscribe((change) => {
      if (change.kind === 'mirrors-changed' || change.kind === 'resync') this.#wake.notify();
    });
  }

  /** Reads the ledgers once, then keeps doing so until disposed. */
  static async start(options: {
    objects: ObjectStore;
    mirrors: readonly Mirror[];
    changes: Changes;
    logger: Log;
  }): Promise<MirrorStates> {
    const board = new MirrorStates(options.objects, options.mirrors, options.changes);
    if (options.mirrors.length === 0) return board;
    await board.refresh(options.logger);
    board.#running = board.#run(options.logger);
    return board;
  }

  /** The mirrors in the order of the configuration. */
  get states(): readonly MirrorState[] {
    if (performance.now() - this.#refreshedAt < VOUCHED_MS) return this.#states;
    // A store that hangs must not leave us with outdated states.
    return this.#mirrors.map((mirror) => unknownState(mirror, 'its ledger could not be read for a while'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#unsubscribe();
    await this.#running;
  }

  /** Reads the ledgers now. A mirror whose ledger cannot be read keeps its state until its worker counts as dead. */
  async refresh(logger: Log): Promise<void> {
    this.#states = await Promise.all(
      this.#mirrors.map(async (mirror, i) => {
        try {
          const read = await readLedger(this.#objects, mirror.name);
          this.#failing.delete(mirror.name);
          return read
            ? this.#judge(mirror, read.term, read.ledger)
            : unknownState(mirror, 'no sync worker has reported on it yet');
        } catch (error) {
          this.#complain(logger, mirror, error);
          const known = this.#states[i];
          return known?.ledger && this.#isVouched(mirror)
            ? known
            : unknownState(mirror, 'its ledger cannot be read');
        }
      }),
    );
    this.#refreshedAt = performance.now();
  }

  /** Logs a failure once, not every second. */
  #complain(logger: Log, mirror: Mirror, error: unknown): void {
    if (this.#failing.has(mirror.name)) return;
    this.#failing.add(mirror.name);
    logger.warn({ err: error, mirror: mirror.name }, "cannot read the mirror's ledger; trying again");
  }

  #judge(mirror: Mirror, term: number, ledger: Ledger): MirrorState {
    const beat = `${term}.${ledger.beat}`;
    const sighting = this.#sightings.get(mirror.name);
    if (sighting?.beat !== beat)
      this.#sightings.set(mirror.name, { beat, seenAt: this.#firstSeenAt(sighting, ledger) });
    const vouched = this.#isVouched(mirror);
    const reason = !vouched
      ? `its sync worker was last heard of at ${ledger.beatAt}`
      : ledger.health.state === 'up'
        ? undefined
        : (ledger.health.reason ?? 'its health is not known yet');
    return {
      mirror,
      watermark: ledger.watermark,
      missing: new Set(ledger.missing),
      healthy: reason === undefined,
      reason,
      ledger,
    };
  }

  /** On the first read, a ledger's age is known only by its writer's clock; later, by seeing the heartbeat change. */
  #firstSeenAt(before: Sighting | undefined, ledger: Ledger): number {
    if (before) return performance.now();
    return performance.now() - Math.max(0, Date.now() - Date.parse(ledger.beatAt));
  }

  #isVouched(mirror: Mirror): boolean {
    const sighting = this.#sightings.get(mirror.name);
    return sighting !== undefined && performance.now() - sighting.seenAt < VOUCHED_MS;
  }

  async #run(logger: Log): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#wake.wait(REFRESH_MS, signal);
      if (!signal.aborted) await this.refresh(logger);
    }
  }
}

function unknownState(mirror: Mirror, reason: string): MirrorState {
  return { mirror, watermark: 0, missing: new Set(), healthy: false, reason, ledger: undefined };
}

import type { Sha256Digest } from '../../oci/digest.ts';
import type { Log } from '../../runtime/log.ts';
import { Poll } from '../../runtime/poll.ts';
import type { Changes } from '../../storage/changes.ts';
import type { Heartbeat, StoredLease } from '../../storage/lease.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { type Ledger, mirrorLeases } from './ledger.ts';
import type { Mirror } from './mirror.ts';

/** How often a node reads the ledgers. */
const REFRESH_MS = 1000;
/** A worker without a heartbeat for this long no longer vouches for its mirror's health. */
const VOUCHED_MS = 15_000;
const UNREPORTED = 'no sync worker has reported on it yet';

/** A node's current knowledge of a mirror. */
export interface MirrorState {
  readonly mirror: Mirror;
  readonly watermark: number;
  readonly missing: ReadonlySet<Sha256Digest>;
  /** Up, and vouched for by a live worker. */
  readonly healthy: boolean;
  /** Why not, for people. */
  readonly reason: string | undefined;
  readonly ledger: (Heartbeat & Ledger) | undefined;
}

interface Sighting {
  /** Empty if there was none. */
  readonly heartbeat: string;
  /** When it was seen to move, by the monotonic clock; never, for the first one that was read. */
  readonly seenAt: number;
}

export interface MirrorStatesOptions {
  readonly objects: ObjectStore;
  readonly mirrors: readonly Mirror[];
  readonly changes: Changes;
  readonly logger: Log;
}

/** A node's view of all mirrors, refreshed in the background; the pull path only reads it. */
export class MirrorStates implements AsyncDisposable {
  readonly #options: MirrorStatesOptions;
  readonly #failing = new Set<string>();
  readonly #sightings = new Map<string, Sighting>();
  readonly #unsubscribe: () => void;
  #poll: Poll | undefined;
  /** Something changed before the poll could be notified. */
  #isStale = false;
  #states: readonly MirrorState[];
  #refreshedAt = Number.NEGATIVE_INFINITY;

  private constructor(options: MirrorStatesOptions) {
    this.#options = options;
    this.#states = this.#allUnknown(UNREPORTED);
    this.#unsubscribe = options.changes.subscribe((change) => {
      if (change.kind !== 'mirrors-changed' && change.kind !== 'resync') return;
      this.#isStale = true;
      this.#poll?.notify();
    });
  }

  /** Reads the ledgers once, then keeps doing so until disposed. */
  static async start(options: MirrorStatesOptions): Promise<MirrorStates> {
    const board = new MirrorStates(options);
    if (options.mirrors.length === 0) return board;
    await board.#refresh();
    board.#poll = new Poll({
      act: () => board.#refresh(),
      ...{ everyMs: REFRESH_MS, isFirstDone: !board.#isStale },
      ...{ log: options.logger, failure: "cannot read the mirrors' ledgers; trying again" },
    });
    return board;
  }

  /** The mirrors in the order of the configuration. */
  get states(): readonly MirrorState[] {
    if (performance.now() - this.#refreshedAt < VOUCHED_MS) return this.#states;
    // A store that hangs must not leave us with outdated states.
    return this.#allUnknown('its ledger could not be read for a while');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    await this.#poll?.[Symbol.asyncDispose]();
  }

  #allUnknown(reason: string): readonly MirrorState[] {
    return this.#options.mirrors.map((mirror) => unknownState(mirror, reason));
  }

  /** Reads the ledgers now. A mirror whose ledger cannot be read keeps its state until its worker counts as dead. */
  async #refresh(): Promise<void> {
    const { objects, mirrors } = this.#options;
    this.#states = await Promise.all(
      mirrors.map(async (mirror, i) => {
        try {
          const lease = await mirrorLeases(objects, mirror.name).read();
          this.#failing.delete(mirror.name);
          if (lease) return this.#judge(mirror, lease);
          this.#sightings.set(mirror.name, { heartbeat: '', seenAt: Number.NEGATIVE_INFINITY });
          return unknownState(mirror, UNREPORTED);
        } catch (error) {
          this.#complain(mirror, error);
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
  #complain({ name }: Mirror, error: unknown): void {
    if (this.#failing.has(name)) return;
    this.#failing.add(name);
    this.#options.logger.warn({ err: error, mirror: name }, "cannot read the mirror's ledger; trying again");
  }

  #judge(mirror: Mirror, { leaseEpoch, value: ledger }: StoredLease<Ledger>): MirrorState {
    const heartbeat = `${leaseEpoch}.${ledger.beat}`;
    const sighting = this.#sightings.get(mirror.name);
    if (sighting?.heartbeat !== heartbeat) {
      // Only a heartbeat that moves is a sign of life. The time in it is of another clock: it says nothing about its age.
      const seenAt = sighting ? performance.now() : Number.NEGATIVE_INFINITY;
      this.#sightings.set(mirror.name, { heartbeat, seenAt });
    }
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

  #isVouched(mirror: Mirror): boolean {
    const sighting = this.#sightings.get(mirror.name);
    return sighting !== undefined && performance.now() - sighting.seenAt < VOUCHED_MS;
  }
}

function unknownState(mirror: Mirror, reason: string): MirrorState {
  return { mirror, watermark: 0, missing: new Set(), healthy: false, reason, ledger: undefined };
}

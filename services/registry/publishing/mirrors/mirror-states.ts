import type { Sha256Digest } from '../../oci/digest.ts';
import type { Log } from '../../runtime/log.ts';
import { Poll } from '../../runtime/poll.ts';
import type { Changes } from '../../storage/changes.ts';
import type { Heartbeat } from '../../storage/lease.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { boardOf, boardsOf } from './board.ts';
import { BoardReader, type BoardSight } from './board-reader.ts';
import type { Ledger } from './ledger.ts';
import type { Mirror } from './mirror.ts';

/** How often a node reads a board, by turns: their number costs no requests, and a heartbeat moves every two seconds. */
const REFRESH_MS = 1200;
/** Reads of all boards at first: a heartbeat has to be seen to move before a mirror is used. */
const FIRST_LOOKS = 5;
/** A worker without a heartbeat for this long no longer vouches for its mirrors. */
const VOUCHED_MS = 15_000;
const UNREPORTED = 'no sync worker has reported on it yet';

/** A node's current knowledge of a mirror. */
export interface MirrorState {
  readonly mirror: Mirror;
  /** Clients may be sent there for blobs published up to here. */
  readonly watermark: number;
  readonly missing: ReadonlySet<Sha256Digest>;
  /** Up, and vouched for by a live worker. */
  readonly healthy: boolean;
  /** Why not, for people. */
  readonly reason: string | undefined;
  /** How often a doubt of a blob there was refuted. */
  readonly cleared: ReadonlyMap<Sha256Digest, number>;
  readonly ledger: (Heartbeat & Ledger) | undefined;
}

export interface MirrorStatesOptions {
  readonly objects: ObjectStore;
  readonly mirrors: readonly Mirror[];
  readonly changes: Changes;
  readonly logger: Log;
}

interface ReadBoard {
  readonly board: number;
  readonly reader: BoardReader;
  /** What was last read. */
  sight: BoardSight | undefined | 'unreadable';
}

/** A node's view of all mirrors, refreshed in the background; the pull path only reads it. */
export class MirrorStates implements AsyncDisposable {
  readonly #options: Omit<MirrorStatesOptions, 'mirrors'>;
  #mirrors: readonly Mirror[] = [];
  #boards: readonly ReadBoard[] = [];
  readonly #failing = new Set<number>();
  readonly #unsubscribe: () => void;
  #poll: Poll | undefined;
  #isDisposed = false;
  /** Something changed before the poll could be notified. */
  #isStale = false;
  #states: readonly MirrorState[] = [];
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #looks = 0;

  private constructor(options: MirrorStatesOptions) {
    this.#options = options;
    this.#take(options.mirrors);
    this.#states = this.#allUnknown(UNREPORTED);
    this.#unsubscribe = options.changes.subscribe((change) => {
      if (change.kind !== 'mirrors-changed' && change.kind !== 'resync') return;
      this.#isStale = true;
      this.#poll?.notify();
    });
  }

  /** Reads the boards once, then keeps doing so until disposed. */
  static async start(options: MirrorStatesOptions): Promise<MirrorStates> {
    const states = new MirrorStates(options);
    if (options.mirrors.length === 0) return states;
    await states.#refresh();
    states.#follow(!states.#isStale);
    return states;
  }

  /** Takes over the mirrors of another configuration. What is known of those that stay is kept. */
  use(mirrors: readonly Mirror[]): void {
    this.#take(mirrors);
    this.#states = this.#seen();
    if (mirrors.length === 0 || this.#isDisposed) return;
    this.#isStale = true;
    this.#looks = 0;
    if (this.#poll) this.#poll.notify();
    else this.#follow(false);
  }

  /** The mirrors in the order of the configuration. */
  get states(): readonly MirrorState[] {
    if (performance.now() - this.#refreshedAt < VOUCHED_MS) return this.#states;
    // A store that hangs must not leave us with outdated states.
    return this.#allUnknown('its board could not be read for a while');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#unsubscribe();
    await this.#poll?.[Symbol.asyncDispose]();
  }

  #take(mirrors: readonly Mirror[]): void {
    const { objects } = this.#options;
    this.#mirrors = mirrors;
    this.#boards = boardsOf(mirrors).map(
      (board) =>
        this.#boards.find((known) => known.board === board) ?? {
          ...{ board, reader: new BoardReader(objects, board), sight: undefined },
        },
    );
  }

  #follow(isFirstDone: boolean): void {
    this.#poll = new Poll({
      act: () => this.#refresh(),
      ...{ everyMs: REFRESH_MS, isFirstDone },
      ...{ log: this.#options.logger, failure: 'cannot read the boards of mirrors; trying again' },
    });
  }

  #allUnknown(reason: string): readonly MirrorState[] {
    return this.#mirrors.map((mirror) => unknownState(mirror, reason));
  }

  /**
   * Reads the board whose turn it is, or all if something is new. Mirrors whose board cannot be read keep their state until
   * its worker counts as dead.
   */
  async #refresh(): Promise<void> {
    const isNews = this.#isStale;
    this.#isStale = false;
    const turn = this.#looks++;
    const due = this.#boards.filter(
      (_, i) => isNews || turn < FIRST_LOOKS || i === turn % this.#boards.length,
    );
    await Promise.all(
      due.map(async (each) => {
        each.sight = await this.#read(each, isNews);
      }),
    );
    this.#states = this.#seen();
    this.#refreshedAt = performance.now();
  }

  /** The states, as the boards were last seen. */
  #seen(): readonly MirrorState[] {
    return this.#mirrors.map((mirror) => {
      const { sight, reader } = this.#boards.find(({ board }) => board === boardOf(mirror.name)) ?? {};
      if (sight === undefined) return unknownState(mirror, UNREPORTED);
      if (sight !== 'unreadable') return stateOf(mirror, sight);
      const known = this.#states.find((state) => state.mirror === mirror);
      return known?.ledger && isVouched(reader?.movedAt)
        ? known
        : unknownState(mirror, 'its board cannot be read');
    });
  }

  async #read({ board, reader }: ReadBoard, isNews: boolean): Promise<BoardSight | undefined | 'unreadable'> {
    const names = this.#mirrors.map(({ name }) => name).filter((name) => boardOf(name) === board);
    try {
      const sight = await reader.read(names, isNews);
      this.#failing.delete(board);
      return sight;
    } catch (error) {
      // Logged once, not every second.
      if (!this.#failing.has(board))
        this.#options.logger.warn({ err: error, board }, 'cannot read a board of mirrors; trying again');
      this.#failing.add(board);
      return 'unreadable';
    }
  }
}

function isVouched(movedAt: number | undefined): boolean {
  return movedAt !== undefined && performance.now() - movedAt < VOUCHED_MS;
}

function stateOf(mirror: Mirror, { heartbeat, movedAt, ledgers }: BoardSight): MirrorState {
  const ledger = ledgers.get(mirror.name);
  if (ledger === undefined) return unknownState(mirror, UNREPORTED);
  // What was verified elsewhere says nothing about this place.
  if (ledger.place.url !== mirror.url)
    return unknownState(mirror, `nothing has been verified at ${mirror.url} yet`);
  const reason = !isVouched(movedAt)
    ? `its sync worker was last heard of at ${heartbeat.beatAt}`
    : ledger.health.state === 'up'
      ? undefined
      : (ledger.health.reason ?? 'its health is not known yet');
  return {
    mirror,
    watermark: Math.min(ledger.watermark, ledger.confirmed ?? ledger.watermark),
    missing: setOf(ledger),
    healthy: reason === undefined,
    reason,
    cleared: new Map(ledger.cleared?.map(({ digest, count }) => [digest, count])),
    ledger: { ...heartbeat, ...ledger },
  };
}

/** Made once for each version of a set, which may be long. */
const sets = new WeakMap<Ledger['missing'], ReadonlySet<Sha256Digest>>();

function setOf({ missing }: Ledger): ReadonlySet<Sha256Digest> {
  let set = sets.get(missing);
  if (set === undefined) {
    set = new Set(missing.map(({ digest }) => digest));
    sets.set(missing, set);
  }
  return set;
}

function unknownState(mirror: Mirror, reason: string): MirrorState {
  return {
    ...{ mirror, watermark: 0, missing: new Set(), healthy: false, reason },
    ...{ cleared: new Map(), ledger: undefined },
  };
}

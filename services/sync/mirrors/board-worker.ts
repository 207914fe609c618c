import { setTimeout as sleep } from 'node:timers/promises';
import type { MirrorName } from '../../registry/oci/names.ts';
import { type Board, boardLeases } from '../../registry/publishing/mirrors/board.ts';
import { firstLedger, type Ledger, type Place } from '../../registry/publishing/mirrors/ledger.ts';
import { MissingSets } from '../../registry/publishing/mirrors/missing-sets.ts';
import { olderLedger } from '../../registry/publishing/mirrors/older-ledgers.ts';
import type { Changes } from '../../registry/storage/changes.ts';
import { runDuties } from '../duties.ts';
import { LEASE_TIMING, Lease } from '../lease.ts';
import { BoardKeeper } from './board-keeper.ts';
import { type MirrorParts, MirrorSession, type SharedParts } from './mirror-session.ts';
import { runSession } from './run-session.ts';

/** The board is written every 2 s; see docs/decisions/0023-boards.md. */
const TIMING = { ...LEASE_TIMING, silenceMs: 10_000, lookMs: 1500 };
const RETRY_MS = 500;

export interface BoardWorkerOptions {
  readonly board: number;
  /** The mirrors of this board. */
  readonly mirrors: readonly MirrorParts[];
  readonly shared: SharedParts;
  readonly changes: Changes;
}

/**
 * Looks after the mirrors of one board while it owns the board's lease, and waits for it otherwise. Any number may run,
 * anywhere.
 */
export class BoardWorker implements AsyncDisposable {
  readonly #options: BoardWorkerOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #sessions = new Map<MirrorName, MirrorSession>();
  #yield: AbortController | undefined;
  #yieldedForMs = 0;

  constructor(options: BoardWorkerOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Whether it owns the board. */
  get isOwner(): boolean {
    return this.#yield !== undefined;
  }

  /** What this worker does with a mirror; undefined if another worker does it. */
  session(mirror: string): MirrorSession | undefined {
    return this.#sessions.get(mirror as MirrorName);
  }

  /** Leaves the board to another worker, which has this time to take it. */
  leave(forMs: number): void {
    this.#yieldedForMs = forMs;
    this.#yield?.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { board, shared } = this.#options;
    const { signal } = this.#stop;
    const leases = boardLeases(shared.content.objects, board);
    while (!signal.aborted) {
      try {
        await this.#own(await Lease.acquire(leases, (last) => last ?? { mirrors: {} }, signal, TIMING));
      } catch (error) {
        if (signal.aborted) return;
        shared.logger.warn({ err: error, board }, 'the worker of a board of mirrors starts over');
      }
      const pauseMs = this.#yieldedForMs || RETRY_MS;
      this.#yieldedForMs = 0;
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Works until stopped, asked to leave, or superseded; returns when all duties have ended. */
  async #own(lease: Lease<Board>): Promise<void> {
    const { mirrors, shared, changes } = this.#options;
    const { content, logger } = shared;
    const leaving = new AbortController();
    this.#yield = leaving;
    try {
      const { objects } = content;
      const ledgers = await this.#firstLedgers(lease.state);
      const keeper = new BoardKeeper({ lease, objects, changes, logger, ledgers });
      const predecessor = { seenAt: lease.previousSeenAt, heartbeatAt: lease.previousHeartbeatAt };
      await runDuties(AbortSignal.any([this.#stop.signal, leaving.signal]), (signal) => [
        keeper.keep(signal),
        ...mirrors.map((parts) => {
          const session = new MirrorSession({ ...parts, ...shared }, keeper, predecessor, signal);
          this.#sessions.set(session.name, session);
          return runSession(session);
        }),
      ]);
      await keeper.write();
    } finally {
      this.#yield = undefined;
      this.#sessions.clear();
      await lease.release((last) => last);
    }
  }

  /** What the last owner knew; of mirrors that this configuration does not have, what is there has to be looked through. */
  async #firstLedgers({ mirrors: stored }: Board): Promise<Map<MirrorName, Ledger>> {
    const { mirrors, shared } = this.#options;
    const sets = new MissingSets(shared.content.objects);
    const head = await shared.content.log.head();
    const all = new Map<MirrorName, Ledger>();
    for (const [name, { missingVersion: _, ...ledger }] of Object.entries(stored)) {
      const health = { state: 'unknown', since: new Date().toISOString() } as const;
      all.set(name as MirrorName, { ...ledger, health, missing: [], confirmed: 0 });
    }
    for (const { mirror } of mirrors) {
      const { name } = mirror;
      const place = placeOf(mirror);
      const last = stored[name];
      const previous = last ? ((await sets.whole(last, name)) ?? all.get(name)) : undefined;
      const older = previous ?? (await olderLedger(shared.content.objects, name, place));
      all.set(name, firstLedger(this.#unlessAhead(name, older, head), place));
    }
    return all;
  }

  /**
   * Nothing, if the mirror is ahead of the log: then the store was restored to an earlier state without this board, and what
   * was verified says nothing about the entries that get these numbers now.
   */
  #unlessAhead(mirror: MirrorName, ledger: Ledger | undefined, head: number): Ledger | undefined {
    if (ledger === undefined || ledger.watermark <= head) return ledger;
    this.#options.shared.logger.warn(
      { mirror, watermark: ledger.watermark, head },
      'the publication log has lost entries that this mirror holds: the mirror is read from the beginning',
    );
    return undefined;
  }
}

function placeOf({ url, write }: MirrorParts['mirror']): Place {
  return { url, target: 'directory' in write ? write.directory : write.webdav };
}

import { randomUUID } from 'node:crypto';
import type { Sha256Digest } from '../../registry/oci/digest.ts';
import { boardOf, boardsOf } from '../../registry/publishing/mirrors/board.ts';
import { DoubtReader } from '../../registry/publishing/mirrors/doubt-reader.ts';
import { Poll } from '../../registry/runtime/poll.ts';
import type { Changes } from '../../registry/storage/changes.ts';
import { BoardWorker } from './board-worker.ts';
import { Doubts } from './doubt.ts';
import type { MirrorParts, MirrorSession, SharedParts } from './mirror-session.ts';
import { reportSync } from './report.ts';
import { WantedBoards } from './wanted-boards.ts';

/** How often workers see whether another one has nothing to do. */
const SHARE_MS = 5000;
/** How often doubts are looked for that nodes without Redis have stored. */
const DOUBTS_MS = 3000;
/** The other one looks more often than this. */
const LEFT_MS = 6000;

export interface MirrorWorkersOptions {
  readonly mirrors: readonly MirrorParts[];
  readonly shared: SharedParts;
  readonly changes: Changes;
}

/** The work of one process on mirrors: a worker for each board. A process that has all boards leaves one to one that has none. */
export class MirrorWorkers implements AsyncDisposable {
  readonly #shared: SharedParts;
  readonly #boards: readonly BoardWorker[];
  readonly #wanted: WantedBoards;
  readonly #doubts = new WeakMap<MirrorSession, Doubts>();
  readonly #unsubscribe: () => void;
  readonly #unread: () => void;
  readonly #polls: Poll[] = [];

  constructor({ mirrors, shared, changes }: MirrorWorkersOptions) {
    this.#shared = shared;
    this.#wanted = new WantedBoards(shared.content.objects, randomUUID());
    this.#boards = boardsOf(mirrors.map(({ mirror }) => mirror)).map(
      (board) =>
        new BoardWorker({
          ...{ board, shared, changes },
          mirrors: mirrors.filter(({ mirror }) => boardOf(mirror.name) === board),
        }),
    );
    this.#unsubscribe = changes.subscribe((change) => {
      if (change.kind === 'mirror-doubted') void this.#doubt(change.mirror, change.digest);
    });
    // Changes that do not leave the process bring no doubts of nodes elsewhere.
    if (changes.settleMs === 0 && mirrors.length > 0) this.#polls.push(this.#followStoredDoubts());
    this.#unread = reportSync(this.#boards, mirrors, shared);
    if (this.#boards.length > 1)
      this.#polls.push(
        new Poll({
          act: () => this.#share(),
          ...{
            everyMs: SHARE_MS,
            log: shared.logger,
            failure: 'cannot share the mirrors with other workers',
          },
        }),
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    this.#unread();
    await Promise.all(this.#polls.map((poll) => poll[Symbol.asyncDispose]()));
    await Promise.all(this.#boards.map((board) => board[Symbol.asyncDispose]()));
  }

  #followStoredDoubts(): Poll {
    const reader = new DoubtReader(this.#shared.content.objects);
    return new Poll({
      act: async (signal) => {
        for (const { mirror, digest } of await reader.read(signal)) void this.#doubt(mirror, digest);
      },
      ...{
        everyMs: DOUBTS_MS,
        log: this.#shared.logger,
        failure: 'cannot read doubts of mirrors; trying again',
      },
    });
  }

  async #doubt(mirror: string, digest: Sha256Digest): Promise<void> {
    const session = this.#boards.map((board) => board.session(mirror)).find(Boolean);
    if (session === undefined) return;
    try {
      const seq = await this.#shared.content.published.number(digest);
      if (seq === undefined) return;
      const doubts = this.#doubts.get(session) ?? new Doubts(session);
      this.#doubts.set(session, doubts);
      doubts.doubt(digest, seq);
    } catch (error) {
      this.#shared.logger.warn({ err: error, mirror }, 'cannot look into a doubt');
    }
  }

  async #share(): Promise<void> {
    const owned = this.#boards.filter((board) => board.isOwner);
    if (owned.length === 0) return this.#wanted.ask();
    if (owned.length > 1 && (await this.#wanted.isAsked())) owned[0]?.leave(LEFT_MS);
  }
}

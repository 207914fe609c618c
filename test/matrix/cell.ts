import { setTimeout as sleep } from 'node:timers/promises';
import pMap from 'p-map';
import { type Attempt, type Home, type MatrixClient, openClient } from './client.ts';
import type { ClientKind } from './client-kinds.ts';
import type { Fault } from './faults.ts';
import type { Mode } from './nodes.ts';
import { type Scene, startScene } from './scene.ts';

/** One combination of the matrix. */
export interface Cell {
  readonly client: ClientKind;
  readonly fault: Fault;
  readonly mode: Mode;
  readonly nodes: number;
  /** Without it, several nodes are behind the shipped load balancer; with it, behind one that never asks a node twice. */
  readonly hasRedis: boolean;
  /** The fault begins when alpha has just been found well, or it is known before a client comes. */
  readonly when: 'mid' | 'noticed';
  /** How many clients pull at once, behind one address. */
  readonly crowd: number;
  /** A pull that takes longer hangs; the kind's own limit unless given. */
  readonly limitMs?: number;
}

/** The same command, typed by every client that has not got the image yet. */
export interface Round {
  readonly attempts: readonly Attempt[];
  /** Of each request for a blob the mirror that it was sent to or, after `serve`, why it was not. */
  readonly asked: readonly string[];
  /** Whether the registry was asked for one blob more than once. */
  readonly hasRepeats: boolean;
}

/** What came of a cell. */
export interface CellResult {
  readonly cell: Cell;
  readonly first: Round;
  /** Undefined if all of the first succeeded. */
  readonly second: Round | undefined;
  /** From the beginning of the fault until `roadstead status` named it; undefined if it did not in time. */
  readonly noticedMs: number | undefined;
  /** As it was named there. */
  readonly problem: string | undefined;
  /** From the beginning of the fault until a client had failed, or had been helped. */
  readonly metMs: number;
  /** What clients asked alpha for while it had the fault, where its port and its certificate let them ask. */
  readonly atAlpha: readonly { readonly afterMs: number; readonly method: string; readonly range: string }[];
}

/** On a busy machine, the worker may notice a fault before the client has asked for anything. */
const TRIES_MAX = 10;
const POLL_MS = 100;
/** Nodes read what is known of mirrors at least this often, and a bit. */
const NODES_KNOW_MS = 2500;

/**
 * Plays a cell on a scene of its own: nothing of another cell is remembered there. Again, if the fault was noticed before
 * a client was sent to it, and that was not wanted.
 */
export async function playCell(cell: Cell, home: Home): Promise<CellResult> {
  for (let tries = 1; ; tries++) {
    const result = await playOnce(cell, home);
    if (hasMetFault(result) || tries === TRIES_MAX) return result;
  }
}

/** Whether a client was sent to the bad mirror; one that comes later need not be. */
export function hasMetFault({ cell, first }: CellResult): boolean {
  return cell.when === 'noticed' || first.asked.includes('alpha');
}

async function playOnce(cell: Cell, home: Home): Promise<CellResult> {
  const { client: kind, fault, when, limitMs } = cell;
  await using held = new AsyncDisposableStack();
  const scene = held.use(await startScene({ ...cell, hasTls: fault.name === 'tls' }));
  const clients = await pMap(
    Array.from({ length: cell.crowd }),
    async () => held.use(await openClient(kind, home, scene, limitMs)),
    { concurrency: 2 },
  );
  await scene.untilLookedAt();
  await scene.alpha.strike(fault);
  const struckAt = Date.now();
  const notice = new Notice(scene, struckAt);
  held.use(notice);

  if (when === 'noticed') {
    if (fault.isInBody) await scene.meetTheFault();
    await notice.before(Date.now() + fault.noticedWithinMs);
    await sleep(NODES_KNOW_MS);
  }
  const first = await playRound(clients);
  const failed = clients.filter((_, i) => first.attempts[i]?.outcome !== 'OK');
  const metAt = Date.now();
  if (fault.leavesWrongStart) await Promise.all(failed.map((client) => client.forget()));
  const second = failed.length > 0 ? await playRound(failed) : undefined;
  await notice.before(metAt + fault.noticedWithinMs);
  return {
    ...{ cell, first: roundOf(scene, first), second: second && roundOf(scene, second), ...notice.found },
    metMs: metAt - struckAt,
    atAlpha: scene.alpha.requests
      .filter(({ isOfClient, hasMetFault: isStruck }) => isOfClient && isStruck)
      .map(({ atMs, method, range }) => ({ afterMs: atMs - struckAt, method, range })),
  };
}

type Played = Pick<Round, 'attempts'> & { readonly beganAt: number; readonly endedAt: number };

async function playRound(clients: readonly MatrixClient[]): Promise<Played> {
  const beganAt = Date.now();
  const attempts = await Promise.all(clients.map((client) => client.pull()));
  return { attempts, beganAt, endedAt: Date.now() };
}

/** With what was asked; to be called some time later, since nodes log after they have answered. */
function roundOf(scene: Scene, { attempts, beganAt, endedAt }: Played): Round {
  const decided = scene.decidedSince(beganAt).filter(({ atMs }) => atMs <= endedAt);
  return {
    attempts,
    asked: decided.map(({ decision, reason }) => (decision === 'serve' ? `serve(${reason})` : decision)),
    hasRepeats: new Set(decided.map(({ digest }) => digest)).size < decided.length,
  };
}

/** Looks at `roadstead status` until it names alpha's fault. */
class Notice implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;
  found: Pick<CellResult, 'noticedMs' | 'problem'> = { noticedMs: undefined, problem: undefined };

  constructor(scene: Scene, struckAt: number) {
    this.#looking = this.#look(scene, struckAt);
  }

  async #look(scene: Scene, struckAt: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const problem = await scene.problemOfAlpha().catch(() => undefined);
      if (problem !== undefined) {
        this.found = { noticedMs: Date.now() - struckAt, problem };
        return;
      }
      await sleep(POLL_MS);
    }
  }

  /** Waits until it is noticed, or for no longer than that. */
  async before(deadline: number): Promise<void> {
    const leftMs = Math.max(0, deadline - Date.now());
    await Promise.race([this.#looking, sleep(leftMs, undefined, { ref: false })]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#looking;
  }
}

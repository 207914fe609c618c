import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { OneOrder } from './one-order.ts';

/** Something that happens beside others, one request to the store after the other. */
export interface Actor {
  readonly name: string;
  /** True when it may stop for ever before any request, as a process that is killed. */
  readonly mayDie?: boolean;
  /** Hears of it. */
  readonly onDeath?: () => void;
  act(hands: Hands): Promise<void>;
}

/** Time passes where somebody waits, and nowhere else. Milliseconds. */
export interface ModelClock {
  now(): number;
  /**
   * A wait of less than a second is a look again: it ends when another has made a request, or nobody else can. A longer
   * one may end at any moment, also while others are in the midst of a request.
   */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Never comes: nothing may rest on it. */
  later(ms: number, act: () => Promise<void>): () => void;
}

/** What an actor works with: every request waits for its turn. */
export interface Hands {
  readonly objects: ObjectStore;
  readonly clock: ModelClock;
  /** Calls back when the actor's next request is made. */
  readonly atNextStep: (hear: () => void) => void;
}

/** Actors over a store, and what must be so. */
export interface World {
  readonly store: ObjectStore;
  readonly actors: readonly Actor[];
  readonly afterEach?: () => void;
  readonly atEnd: () => void;
}

/** Which orders are tried. */
export interface Limits {
  /** How often another goes on although the last could: a bug that shows at all shows with few switches. */
  readonly switches: number;
  /** How many deaths and late writes there are. */
  readonly faults?: number;
  /** Whether a write may reach the store late: the client library makes it again, or its process dies. */
  readonly late?: boolean;
}

/** An order in which something is wrong. */
export class OrderError extends Error {
  /** What happened, one line a step. */
  readonly steps: readonly string[];

  constructor(choices: string, steps: readonly string[], cause: unknown) {
    super(`in the order ${choices}: ${String(cause)}\n${steps.map((step) => `  ${step}`).join('\n')}`, {
      cause,
    });
    this.steps = steps;
  }
}

interface Choice {
  readonly choice: number;
  readonly options: number;
}

/**
 * Runs actors in every order of their requests within the limits. Answers how many orders there were; throws an
 * {@link OrderError} for the first in which something is wrong.
 */
export async function everyOrder(limits: Limits, world: () => World | Promise<World>): Promise<number> {
  let path: Choice[] = [];
  for (let orders = 1; ; orders++) {
    path = await runOnce(await world(), limits, path);
    while (path.length > 0 && (path.at(-1)?.choice ?? 0) + 1 >= (path.at(-1)?.options ?? 0)) path.pop();
    const next = path.at(-1);
    if (next === undefined) return orders;
    path[path.length - 1] = { ...next, choice: next.choice + 1 };
  }
}

/** One run that begins with the choices of `path`; returns all that it made. */
async function runOnce(world: World, limits: Limits, path: readonly Choice[]): Promise<Choice[]> {
  const { store, actors, afterEach = () => undefined, atEnd } = world;
  const made: Choice[] = [];
  const steps: string[] = [];
  let left = { switches: limits.switches, faults: limits.faults ?? 1 };
  try {
    const order = new OneOrder(store, actors, limits.late === true);
    for (;;) {
      await order.settle();
      const all = order.moves(left.faults > 0);
      if (all.length === 0) break;
      const moves = left.switches > 0 ? all : all.filter(({ isSwitch }) => !isSwitch);
      const choice = path[made.length]?.choice ?? 0;
      made.push({ choice, options: moves.length });
      const move = moves[choice];
      if (move === undefined) throw new Error('the world is not the same each time');
      left = {
        switches: left.switches - Number(move.isSwitch),
        faults: left.faults - Number(move.kind === 'fault'),
      };
      steps.push(move.what);
      move.act();
      await order.settle();
      afterEach();
    }
    atEnd();
  } catch (error) {
    throw new OrderError(made.map(({ choice }) => choice.toString(36)).join(''), steps, error);
  }
  return made;
}

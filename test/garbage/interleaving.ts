import { setImmediate as macrotask } from 'node:timers/promises';
import type { Clock } from '../../services/registry/content/quarantine/guard.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { intercepted } from '../support/intercepted.ts';

/** Something that happens beside others, one request to the store after the other. */
export interface Actor {
  readonly name: string;
  /** True when it may stop for ever before any request, as a process that is killed. */
  readonly mayDie?: boolean;
  /** Hears of it. */
  readonly onDeath?: () => void;
  act(hands: Hands): Promise<void>;
}

/** What an actor works with: every request waits for its turn. */
export interface Hands {
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

interface Waiting {
  readonly actor: number;
  readonly go: () => void;
  /** It waits for others to do something: pointless before that. */
  readonly isIdle: boolean;
}

const REQUESTS: ReadonlySet<string | symbol> = new Set([
  ...['stat', 'read', 'get', 'put', 'putIfAbsent', 'compose', 'delete', 'list'],
]);

/** One run of actors over a store, in an order that `choose` decides. */
async function runOnce(
  store: ObjectStore,
  actors: readonly Actor[],
  choose: (options: number, isSwitch: boolean) => number,
  afterEach: () => void,
): Promise<void> {
  const waiting: Waiting[] = [];
  const dead = new Set<number>();
  const failures: unknown[] = [];
  let now = 0;
  const gate = (actor: number, isIdle: boolean) =>
    new Promise<void>((go) => {
      waiting.push({ actor, go, isIdle });
    });
  for (const [at, actor] of actors.entries()) {
    const objects = intercepted(store, ({ name, proceed }) =>
      REQUESTS.has(name) ? gate(at, false).then(() => proceed()) : proceed(),
    );
    const clock = { now: () => now, wait: () => gate(at, true) };
    actor.act({ objects, clock }).catch((error: unknown) => failures.push(error));
  }
  let last: number | undefined;
  let stepped: number | undefined;
  for (;;) {
    await macrotask();
    if (failures.length > 0) throw failures[0];
    const able = waiting.filter((each) => !dead.has(each.actor) && !(each.isIdle && stepped === each.actor));
    if (able.length === 0) break;
    // Whoever went last goes on unless somebody interferes: so few choices make most runs.
    able.sort((a, b) => Number(b.actor === last) - Number(a.actor === last) || a.actor - b.actor);
    const isGoingOn = able[0]?.actor === last;
    // Of requests that one actor has under way at once, the first made goes first.
    const moves = able.filter((each, i) => able.findIndex(({ actor }) => actor === each.actor) === i);
    const deaths = moves.filter(({ actor }) => actors[actor]?.mayDie);
    const choice = choose(moves.length + deaths.length, isGoingOn);
    const move = moves[choice];
    if (move === undefined) {
      const { actor = -1 } = deaths[choice - moves.length] ?? {};
      dead.add(actor);
      actors[actor]?.onDeath?.();
      stepped = undefined;
      continue;
    }
    waiting.splice(waiting.indexOf(move), 1);
    last = move.actor;
    stepped = move.actor;
    now++;
    move.go();
    await macrotask();
    afterEach();
  }
}

/**
 * Runs actors in every order of their requests that switches between them no more than `switches` times without need:
 * a bug that shows at all shows with few switches. Answers how many orders there were.
 */
export async function everyOrder(
  switches: number,
  world: () => Promise<{
    store: ObjectStore;
    actors: readonly Actor[];
    afterEach: () => void;
    atEnd: () => void;
  }>,
): Promise<number> {
  let path: { choice: number; options: number }[] = [];
  let orders = 0;
  for (;;) {
    const { store, actors, afterEach, atEnd } = await world();
    let depth = 0;
    let left = switches;
    const choose = (available: number, isSwitch: boolean) => {
      // The first option is to go on: everything else costs a switch.
      const options = isSwitch && left === 0 ? 1 : available;
      const step = path[depth] ?? { choice: 0, options };
      path[depth] = { ...step, options };
      depth++;
      if (isSwitch && step.choice > 0) left--;
      return step.choice;
    };
    try {
      await runOnce(store, actors, choose, afterEach);
      atEnd();
    } catch (error) {
      const order = path.slice(0, depth).map(({ choice }) => choice);
      throw new Error(`in the order ${order.join('')}: ${String(error)}`, { cause: error });
    }
    orders++;
    path = path.slice(0, depth);
    while (path.length > 0 && (path.at(-1)?.choice ?? 0) + 1 >= (path.at(-1)?.options ?? 0)) path.pop();
    const next = path.at(-1);
    if (next === undefined) return orders;
    path[path.length - 1] = { ...next, choice: next.choice + 1 };
  }
}

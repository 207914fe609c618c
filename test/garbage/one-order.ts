import { setImmediate as macrotask } from 'node:timers/promises';
import type { Fence } from '../../services/registry/storage/fence.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import { intercepted } from '../support/intercepted.ts';
import type { Actor } from './interleaving.ts';

/** A request takes effect within this time of being made, or never. */
export const LATE_MS = 60_000;
/** A wait that is shorter is a look again: pointless until somebody has done something. */
const POLL_MAX_MS = 1000;
/** Code that needs more than microtasks between two requests, such as streams, gets this many macrotasks. */
const MACROTASKS = 4;

const READS: ReadonlySet<string | symbol> = new Set(['stat', 'read', 'get', 'list']);
const WRITES: ReadonlySet<string | symbol> = new Set(['put', 'putIfAbsent', 'compose', 'delete']);

/** What may happen next. A fault is a death, or a write that comes late. */
export interface Move {
  readonly kind: 'step' | 'fault';
  readonly what: string;
  /** Another could go on, without waiting for anything, and is stopped. */
  readonly isSwitch: boolean;
  act(): void;
}

interface Waiting {
  readonly actor: number;
  readonly what: string;
  /** Makes the request, or ends the wait. */
  readonly go: () => void;
  /** Of a write: leaves it on its way, and answers the client library's second attempt. */
  readonly hold?: () => void;
  /** Of a write: it reaches the store although nobody waits for it any more. */
  readonly arrive?: () => void;
  readonly madeAtMs: number;
  readonly waits?: 'long' | 'short';
}

interface Late {
  readonly what: string;
  readonly arrive: () => void;
  readonly untilMs: number;
}

/** Actors over a store, one request after the other; in which order is for others to say. */
export class OneOrder {
  readonly #actors: readonly Actor[];
  readonly #mayBeLate: boolean;
  readonly #dead = new Set<number>();
  readonly #done = new Set<number>();
  /** They wait for something else than the store, such as another's end. */
  readonly #stalled = new Set<number>();
  readonly #onStep = new Map<number, (() => void)[]>();
  readonly #failures: unknown[] = [];
  #waiting: Waiting[] = [];
  #late: Late[] = [];
  #nowMs = 0;
  #last: number | undefined;
  #stepped: number | undefined;

  constructor(store: ObjectStore, actors: readonly Actor[], mayBeLate: boolean) {
    this.#actors = actors;
    this.#mayBeLate = mayBeLate;
    for (const [at, actor] of actors.entries()) {
      const hands = {
        objects: this.#gated(store, at),
        clock: {
          now: () => this.#nowMs,
          wait: (ms: number, signal?: AbortSignal) => this.#wait(at, ms, signal),
          later: () => () => undefined,
        },
        atNextStep: (hear: () => void) => void this.#onStep.set(at, [...(this.#onStep.get(at) ?? []), hear]),
      };
      actor.act(hands).then(
        () => this.#done.add(at),
        (error: unknown) => this.#failures.push(error),
      );
    }
  }

  /** Waits until everybody has come to their next request; throws what an actor has thrown. */
  async settle(): Promise<void> {
    await new Promise<void>((resolve) => process.nextTick(resolve));
    for (let i = 0; i < MACROTASKS && this.#busy().length > 0; i++) await macrotask();
    for (const actor of this.#busy()) this.#stalled.add(actor);
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  /** What may happen next: first the steps, then faults if one may, then the arrival of what is late. Empty at the end. */
  moves(mayFail: boolean): Move[] {
    const able = this.#able();
    const [first] = able;
    const isSwitch = (each: Waiting) =>
      each !== first && (first?.actor === this.#last || (each.waits !== undefined && !first?.waits));
    const steps = able.map((each) => this.#step(each, isSwitch(each)));
    const faults = mayFail ? able.flatMap((each) => this.#faults(each)) : [];
    // One of equal moves is enough.
    const arrivals = this.#late
      .filter(({ untilMs }) => this.#nowMs < untilMs)
      .map((late) => this.#arrival(late));
    return [...steps, ...faults, ...arrivals];
  }

  /** The first request of each; who went last first. */
  #able(): Waiting[] {
    const alive = this.#waiting.filter(({ actor }) => !this.#dead.has(actor));
    const first = alive.filter((each, i) => alive.findIndex(({ actor }) => actor === each.actor) === i);
    const useful = first.filter(({ waits, actor }) => !(waits === 'short' && this.#stepped === actor));
    const able = useful.length > 0 ? useful : first;
    const rank = ({ actor, waits }: Waiting) => (waits ? 2 : actor === this.#last ? 0 : 1);
    return able.sort((a, b) => rank(a) - rank(b) || a.actor - b.actor);
  }

  #step(each: Waiting, isSwitch: boolean): Move {
    return {
      ...{ kind: 'step', isSwitch },
      what: each.what,
      act: () => {
        this.#waiting.splice(this.#waiting.indexOf(each), 1);
        this.#last = each.waits ? undefined : each.actor;
        this.#stepped = each.actor;
        this.#heard(each.actor);
        each.go();
      },
    };
  }

  #faults(each: Waiting): Move[] {
    const { actor, hold, arrive, what, madeAtMs } = each;
    const faults: Move[] = [];
    const add = (how: string, act: () => void) =>
      faults.push({ kind: 'fault', what: `${what}: ${how}`, isSwitch: false, act });
    const late = arrive && { what, arrive, untilMs: madeAtMs + LATE_MS };
    const die = () => {
      this.#dead.add(actor);
      this.#stepped = undefined;
      this.#actors[actor]?.onDeath?.();
    };
    if (this.#actors[actor]?.mayDie) {
      add('dies before it', die);
      if (this.#mayBeLate && late)
        add('dies, and it is late', () => {
          this.#late.push(late);
          this.#heard(actor);
          die();
        });
    }
    if (this.#mayBeLate && late && hold)
      add('is late, and made again', () => {
        this.#waiting.splice(this.#waiting.indexOf(each), 1);
        this.#late.push(late);
        this.#last = actor;
        this.#stepped = actor;
        this.#heard(actor);
        hold();
      });
    return faults;
  }

  #arrival(late: Late): Move {
    return {
      ...{ kind: 'step', isSwitch: false },
      what: `${late.what}: arrives late`,
      act: () => {
        this.#late.splice(this.#late.indexOf(late), 1);
        this.#stepped = undefined;
        late.arrive();
      },
    };
  }

  #heard(actor: number): void {
    for (const hear of this.#onStep.get(actor) ?? []) hear();
    this.#onStep.delete(actor);
  }

  /** Those that are neither at a request nor at their end, and may come to one by themselves. */
  #busy(): number[] {
    const waits = new Set(this.#waiting.map(({ actor }) => actor));
    for (const actor of waits) this.#stalled.delete(actor);
    const idle = [this.#done, this.#dead, this.#stalled, waits];
    return [...this.#actors.keys()].filter((actor) => idle.every((each) => !each.has(actor)));
  }

  #gated(store: ObjectStore, actor: number): ObjectStore {
    return intercepted(store, ({ name, args, proceed }) => {
      if (!READS.has(name) && !WRITES.has(name)) return proceed();
      const what = `${this.#actors[actor]?.name} ${String(name)} ${keyOf(args[0])}`;
      if (READS.has(name))
        return new Promise<void>((resolve) => {
          const go = () => resolve(proceed() as Promise<void>);
          this.#waiting.push({ actor, what, go, madeAtMs: this.#nowMs });
        });
      // The store is not asked to look at the fence: a request on its way does not.
      return this.#write(actor, what, fenceOf(args), () => proceed(withoutFence(args)));
    });
  }

  async #write(
    actor: number,
    what: string,
    fence: Fence | undefined,
    proceed: () => unknown,
  ): Promise<unknown> {
    fence?.check();
    const madeAtMs = this.#nowMs;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const attempt = () => {
      try {
        fence?.check();
        resolve(proceed());
      } catch (error) {
        reject(error);
      }
    };
    // On its way until now; or its process was paused before it made it, if that is longer than requests take.
    const isOnItsWay = () => this.#nowMs - madeAtMs < LATE_MS;
    const go = () => (isOnItsWay() ? resolve(proceed()) : attempt());
    const hold = () => {
      fence?.doubt();
      attempt();
    };
    const arrive = () => void Promise.resolve(proceed()).catch(ignoreUnavailable);
    this.#waiting.push({ actor, what, go, hold, arrive, madeAtMs });
    return promise;
  }

  #wait(actor: number, ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    const untilMs = this.#nowMs + ms;
    return new Promise((resolve, reject) => {
      const go = () => {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        if (signal?.aborted) reject(signal.reason);
        else resolve();
      };
      const waits = ms < POLL_MAX_MS ? 'short' : 'long';
      const what = `${this.#actors[actor]?.name} waits ${ms} ms`;
      this.#waiting.push({ actor, what, go, madeAtMs: this.#nowMs, waits });
    });
  }
}

function fenceOf(args: readonly unknown[]): Fence | undefined {
  return (args.at(-1) as { readonly fence?: Fence } | undefined)?.fence;
}

function withoutFence(args: readonly unknown[]): readonly unknown[] {
  return fenceOf(args) ? [...args.slice(0, -1), { ...(args.at(-1) as object), fence: undefined }] : args;
}

/** A list of keys by its first. */
function keyOf(what: unknown): string {
  if (Array.isArray(what)) return what.slice(0, 2).join(' ');
  return typeof what === 'string' ? what : String((what as { prefix?: string }).prefix);
}

function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof StoreUnavailableError)) throw error;
}

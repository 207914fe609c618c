import { LATE_MS } from '../../services/registry/storage/fence.ts';
import { type ObjectStore, StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import { WorkerFence } from '../../services/sync/garbage/worker-fence.ts';
import { TAKEOVER_MS } from '../crash/collecting.ts';
import { never } from '../crash/life.ts';
import type { Run } from '../crash/run.ts';
import { intercepted } from '../support/intercepted.ts';
import { requestOf, type WriteRequest } from './requests.ts';

/**
 * What becomes of the caller of a request that is held on its way: the client library tries again, and succeeds; it gets
 * an error; its process is killed.
 */
export const FATES = ['tried again', 'failed', 'killed'] as const;
export type Fate = (typeof FATES)[number];

/** When a held request arrives: after this many more writes of anybody, or after the step with this index. */
export type Moment = { readonly writes: number } | { readonly step: number };

/** Which request is held, by its number from 1. */
export interface Plan {
  readonly number: number;
  readonly fate: Fate;
  readonly moment: Moment;
}

/** A write that was asked for, and in which step, by its index. */
export interface MadeWrite {
  readonly request: WriteRequest;
  readonly step: number;
}

/** The way to a bucket: one of the requests is held there, and arrives later. */
export class Post {
  readonly made: MadeWrite[] = [];
  #plan: Plan | undefined;
  #held: { readonly arrive: () => Promise<unknown>; writesSince: number } | undefined;
  /** The request that was held, once it was. */
  met: MadeWrite | undefined;
  step = 0;

  constructor(plan?: Plan) {
    this.#plan = plan;
  }

  /** A process's store, whose requests come this way. */
  readonly over = (objects: ObjectStore, { life, stored, time }: Surroundings): ObjectStore =>
    intercepted(objects, ({ name, args, proceed }) => {
      const request = requestOf(name, args);
      return request ? this.#carry(request, { objects, life, stored, time }) : proceed();
    });

  /** Says that a step was acknowledged. */
  async ended(step: number): Promise<void> {
    if (this.#plan && 'step' in this.#plan.moment && this.#plan.moment.step <= step) await this.arrive();
  }

  /** Has the held request take effect now, if there is one. */
  async arrive(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    // One that is refused by then has no effect.
    await held?.arrive().catch(() => undefined);
  }

  /** Has all come by now: from here on, nothing is held. */
  async close(): Promise<void> {
    await this.arrive();
    this.#plan = undefined;
  }

  async #carry(request: WriteRequest, { objects, life, stored, time }: Way): Promise<unknown> {
    // What the dead ask for goes nowhere.
    if (life.isOver) return never();
    const made = { request, step: this.step };
    this.made.push(made);
    if (this.#plan?.number !== this.made.length) {
      const result = await request.sendTo(objects);
      await this.#count(1);
      return result;
    }
    await request.read();
    request.fence?.check();
    this.met = made;
    this.#hold(request, { stored, time });
    request.fence?.doubt();
    if (this.#plan.fate === 'tried again') return request.sendTo(objects);
    if (this.#plan.fate === 'killed') life.end();
    await this.#count(0);
    return life.isOver ? never() : Promise.reject(new StoreUnavailableError('no answer came'));
  }

  /** Whoever has a fence may count on it that nothing arrives later than a while after its doubt. */
  #hold(request: WriteRequest, { stored, time }: Omit<Surroundings, 'life'>): void {
    const held = { arrive: () => request.sendTo(stored), writesSince: 0 };
    this.#held = held;
    const arrive = async () => (this.#held === held ? this.arrive() : undefined);
    if (request.fence instanceof WorkerFence) setTimeout(arrive, TAKEOVER_MS / 2);
    else if (request.fence) time?.later(LATE_MS - 1, arrive);
  }

  async #count(writes: number): Promise<void> {
    if (this.#held === undefined || this.#plan === undefined) return;
    this.#held.writesSince += writes;
    const { moment } = this.#plan;
    if ('writes' in moment && this.#held.writesSince >= moment.writes) await this.arrive();
  }
}

type Surroundings = Pick<Run, 'life' | 'stored' | 'time'>;

interface Way extends Surroundings {
  readonly objects: ObjectStore;
}

import { LRUCache } from 'lru-cache';
import type { LoginPriority } from '../registry/access/account.ts';
import { tooMany } from '../registry/access/too-many.ts';

export interface LoginQueueOptions {
  /** How many logins are checked at once. */
  readonly atOnce: number;
  /** How many wait at most. */
  readonly waiting: number;
  /** How long one waits at most. */
  readonly waitMaxMs: number;
}

interface Waiting {
  readonly begin: () => void;
  readonly refuse: () => void;
}

/** Most of those that wait now are through by then. */
const RETRY_AFTER_MS = 2000;
/** How many networks are remembered; beyond, those that had no turn for longest count as new. */
const NETWORKS_MAX = 1000;
const STRANGER: LoginPriority = { isKnown: false, network: '' };

/**
 * A queue of logins: throws TOO_MANY_REQUESTS when too many wait, or one has waited too long. Clients that are known to
 * their account go first, and when the queue is full, a stranger gives up its place to them. Of strangers, the network
 * that had no turn for longest is next, and the one with the most waiting gives up places to others: few networks cannot
 * keep the queue from the rest.
 */
export class LoginQueue {
  readonly #options: LoginQueueOptions;
  #running = 0;
  readonly #known = new Set<Waiting>();
  /** By network; none is empty. */
  readonly #strangers = new Map<string, Set<Waiting>>();
  /** The number of the last turn of a network. */
  readonly #lastTurns = new LRUCache<string, number>({ max: NETWORKS_MAX });
  #turns = 0;
  #waiting = 0;

  constructor(options: LoginQueueOptions) {
    this.#options = options;
  }

  /** Runs `act` in its turn. */
  async run<T>(act: () => Promise<T>, priority: LoginPriority = STRANGER): Promise<T> {
    if (this.#running < this.#options.atOnce) this.#running++;
    else await this.#turn(priority);
    try {
      return await act();
    } finally {
      const next = this.#next();
      // The place is handed on rather than given back, so that no newcomer gets in between.
      if (next === undefined) this.#running--;
      else next.begin();
    }
  }

  async #turn({ isKnown, network }: LoginPriority): Promise<void> {
    if (this.#waiting >= this.#options.waiting && !this.#makeRoom(isKnown, network)) throw tooManyLogins();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const lane = isKnown ? this.#known : (this.#strangers.get(network) ?? new Set());
    if (!isKnown) this.#strangers.set(network, lane);
    const leave = () => {
      if (!lane.delete(waiting)) return;
      this.#waiting--;
      if (!isKnown && lane.size === 0) this.#strangers.delete(network);
    };
    const refuse = () => {
      leave();
      reject(tooManyLogins());
    };
    const begin = () => {
      leave();
      resolve();
    };
    const waiting: Waiting = { begin, refuse };
    lane.add(waiting);
    this.#waiting++;
    const timer = setTimeout(refuse, this.#options.waitMaxMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #next(): Waiting | undefined {
    const [known] = this.#known;
    if (known) return known;
    const networks = [...this.#strangers.keys()];
    if (networks.length === 0) return undefined;
    const network = networks.reduce((one, other) =>
      this.#lastTurn(other) < this.#lastTurn(one) ? other : one,
    );
    this.#lastTurns.set(network, ++this.#turns);
    const [next] = this.#strangers.get(network) ?? [];
    return next;
  }

  /** Refuses the latest of the network with the most, unless it is no fairer than to refuse the newcomer. */
  #makeRoom(isKnown: boolean, network: string): boolean {
    const sizeOf = (each: string) => this.#strangers.get(each)?.size ?? 0;
    const networks = [...this.#strangers.keys()];
    if (networks.length === 0) return false;
    const isWorse = (one: string, other: string) =>
      sizeOf(one) > sizeOf(other) ||
      (sizeOf(one) === sizeOf(other) && this.#lastTurn(one) > this.#lastTurn(other));
    const worst = networks.reduce((one, other) => (isWorse(other, one) ? other : one));
    const after = sizeOf(network) + 1;
    const isFairer =
      sizeOf(worst) > after || (sizeOf(worst) === after && this.#lastTurn(worst) > this.#lastTurn(network));
    if (!isKnown && !isFairer) return false;
    [...(this.#strangers.get(worst) ?? [])].at(-1)?.refuse();
    return true;
  }

  #lastTurn(network: string): number {
    return this.#lastTurns.get(network) ?? 0;
  }
}

/** The answer to a login that cannot wait. */
export function tooManyLogins(): Error {
  return tooMany('too many people log in at once', RETRY_AFTER_MS);
}

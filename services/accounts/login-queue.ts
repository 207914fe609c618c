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
const STRANGER: LoginPriority = { isKnown: false, network: '' };

/**
 * A queue of logins: throws TOO_MANY_REQUESTS when too many wait, or one has waited too long. Clients that are known to
 * their account go first, and when the queue is full, a stranger gives up its place to them. Strangers get their turns
 * network by network, and the network with the most gives up places to others: one network cannot fill the queue.
 */
export class LoginQueue {
  readonly #options: LoginQueueOptions;
  #running = 0;
  readonly #known = new Set<Waiting>();
  /** By network, in the order of their next turns; none is empty. */
  readonly #strangers = new Map<string, Set<Waiting>>();
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
    const [first] = this.#strangers;
    if (first === undefined) return undefined;
    const [network, lane] = first;
    // The network's next turn comes after those of all others.
    this.#strangers.delete(network);
    this.#strangers.set(network, lane);
    const [next] = lane;
    return next;
  }

  /** Refuses the latest of the network with the most, unless that would be no fairer than to refuse the newcomer. */
  #makeRoom(isKnown: boolean, network: string): boolean {
    let most: Set<Waiting> = new Set();
    for (const lane of this.#strangers.values()) if (lane.size > most.size) most = lane;
    const after = isKnown ? 0 : (this.#strangers.get(network)?.size ?? 0) + 1;
    if (most.size <= after) return false;
    [...most].at(-1)?.refuse();
    return true;
  }
}

/** The answer to a login that cannot wait. */
export function tooManyLogins(): Error {
  return tooMany('too many people log in at once', RETRY_AFTER_MS);
}

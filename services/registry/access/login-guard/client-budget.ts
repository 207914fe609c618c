import type { AttemptCounts } from '../attempts.ts';
import type { ClientNetworks } from '../client-key.ts';
import { RateLimit } from '../rate-limit.ts';
import { DoublingWait, type Tier } from './doubling-wait.ts';
import type { KeyedHash } from './keyed-hash.ts';

export interface ClientBudgetOptions {
  readonly counts: AttemptCounts;
  /** Failures without a wait, for one account from one client. */
  readonly attempts: number;
  readonly maxWaitMs: number;
  readonly hash: KeyedHash;
  readonly now: () => number;
}

/** Free failures within an hour over all accounts, in multiples of `attempts`. */
const FREE_A_CLIENT = 10;
/** IPv6 only: one customer can have 65,536 clients, and a provider as many customers. */
const FREE_A_NETWORK = 100;
const FREE_A_SUPERNET = 400;
const HOUR_S = 3600;

/**
 * What one client may do to all accounts that do not know it: how often it may fail, and how often it may come back
 * although it has to wait. It bounds how many names a client can make up, and so how many counts.
 */
export class ClientBudget {
  readonly #options: ClientBudgetOptions;
  readonly #failures: DoublingWait;
  /** Within this process: what is refused writes nothing to Redis. */
  readonly #polls: RateLimit;

  constructor(options: ClientBudgetOptions) {
    const { counts, attempts, maxWaitMs } = options;
    this.#options = options;
    this.#failures = new DoublingWait(counts, maxWaitMs);
    const burst = attempts * FREE_A_CLIENT;
    this.#polls = new RateLimit({ perSecond: burst / HOUR_S, burst });
  }

  /** Counts an attempt as failed: 0, or how long it has to wait, ms; then it counts as a poll. */
  async enter(who: ClientNetworks): Promise<number> {
    const waitMs = this.#polls.waitMs(who.client, this.#options.now());
    if (waitMs > 0) return waitMs;
    const entered: Tier[] = [];
    for (const tier of this.#tiers(who)) {
      const waitMs = await this.#failures.enter(tier);
      if (waitMs === 0) {
        entered.push(tier);
        continue;
      }
      for (const each of entered) await this.#failures.takeBack(each);
      this.countPoll(who);
      return waitMs;
    }
    return 0;
  }

  /** The attempt was not made, or did not fail. */
  async takeBack(who: ClientNetworks): Promise<void> {
    for (const tier of this.#tiers(who)) await this.#failures.takeBack(tier);
  }

  /** Counts that the client came although it has to wait. */
  countPoll({ client }: ClientNetworks): void {
    this.#polls.take(client, this.#options.now());
  }

  #tiers({ client, network, supernet, isIPv6 }: ClientNetworks): Tier[] {
    const { attempts, hash } = this.#options;
    const tier = (of: string, times: number): Tier => ({
      key: `client:${hash('client', of)}`,
      free: attempts * times,
    });
    return [
      tier(client, FREE_A_CLIENT),
      ...(isIPv6 ? [tier(network, FREE_A_NETWORK), tier(supernet, FREE_A_SUPERNET)] : []),
    ];
  }
}

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
  /** In milliseconds; never set back, which would make clients wait for as long. */
  readonly monotonicNow: () => number;
}

/** An attempt that counts as failed until it is taken back, or how long it has to wait, ms. */
export type ClientAdmission =
  | { readonly waitMs: 0; takeBack(): Promise<void> }
  | { readonly waitMs: number; readonly takeBack?: never };

/** Free failures within an hour over all accounts, in multiples of `attempts`. */
const FREE_A_CLIENT = 10;
/** IPv6 only: one customer can have 65,536 clients, and a provider as many customers. */
const FREE_A_NETWORK = 100;
const FREE_A_SUPERNET = 400;
/**
 * Of wrong passwords that a client repeats, this many times as many are free, and they leave the rest alone: machines with
 * an old secret guess nothing, but hashes are computed for them.
 */
const REPEATED_TIMES = 4;
const HOUR_S = 3600;

/**
 * What one client may do to all accounts that do not know it: how often it may fail, and how often it may come back
 * although it has to wait. It bounds how many names a client can make up, and so how many counts.
 */
export class ClientBudget {
  readonly #options: Omit<ClientBudgetOptions, 'attempts'>;
  #attempts: number;
  readonly #failures: DoublingWait;
  /** Within this process: what is refused writes nothing to Redis. */
  readonly #polls: RateLimit;

  constructor(options: ClientBudgetOptions) {
    const { counts, attempts, maxWaitMs } = options;
    this.#options = options;
    this.#attempts = attempts;
    this.#failures = new DoublingWait(counts, maxWaitMs);
    this.#polls = new RateLimit(pollsOf(attempts));
  }

  /** Changes what is free and the longest wait; what was counted stays counted. */
  adjust({ attempts, maxWaitMs }: Pick<ClientBudgetOptions, 'attempts' | 'maxWaitMs'>): void {
    this.#attempts = attempts;
    this.#failures.adjust(maxWaitMs);
    this.#polls.adjust(pollsOf(attempts));
  }

  /** Counts an attempt as failed, or says how long it has to wait; then it counts as a poll, unless it is repeated. */
  async enter(who: ClientNetworks, isRepeated: boolean): Promise<ClientAdmission> {
    const waitMs = this.#polls.waitMs(who.client, this.#options.monotonicNow());
    if (waitMs > 0) return { waitMs };
    const entered: Tier[] = [];
    const takeBack = async () => {
      for (const each of entered) await this.#failures.takeBack(each);
    };
    for (const tier of this.#tiers(who, isRepeated)) {
      const waitMs = await this.#failures.enter(tier);
      if (waitMs === 0) {
        entered.push(tier);
        continue;
      }
      await takeBack();
      if (!isRepeated) this.countPoll(who);
      return { waitMs };
    }
    return { waitMs: 0, takeBack };
  }

  /** Counts that the client came although it has to wait. */
  countPoll({ client }: ClientNetworks): void {
    this.#polls.take(client, this.#options.monotonicNow());
  }

  #tiers({ client, network, supernet, isIPv6 }: ClientNetworks, isRepeated: boolean): Tier[] {
    const { hash } = this.#options;
    const tier = (of: string, times: number): Tier => ({
      key: `client:${hash(isRepeated ? 'client repeats' : 'client', of)}`,
      free: this.#attempts * times * (isRepeated ? REPEATED_TIMES : 1),
    });
    return [
      tier(client, FREE_A_CLIENT),
      ...(isIPv6 ? [tier(network, FREE_A_NETWORK), tier(supernet, FREE_A_SUPERNET)] : []),
    ];
  }
}

function pollsOf(attempts: number) {
  const burst = attempts * FREE_A_CLIENT;
  return { perSecond: burst / HOUR_S, burst };
}

import { LRUCache } from 'lru-cache';
import type { Authentication, LoginPriority } from '../account.ts';
import type { AttemptCounts } from '../attempts.ts';
import { type ClientNetworks, clientNetworksOf } from '../client-key.ts';
import { networkTest } from '../networks.ts';
import { countedName } from './account-name.ts';
import { AccountTurns } from './account-turns.ts';
import { ClientBudget } from './client-budget.ts';
import { DoublingWait, type Tier } from './doubling-wait.ts';
import { type KeyedHash, keyedHash } from './keyed-hash.ts';
import { isTooMany, refusal, withdrawnUnlessWrong } from './outcomes.ts';
import { StrangersBudget } from './strangers-budget.ts';

export interface LoginGuardOptions {
  readonly counts: AttemptCounts;
  /** Failures without a wait, for one account from one client. */
  readonly attempts: number;
  /** The longest of the waits that double. */
  readonly maxWaitMs: number;
  /** CIDR; clients in these networks never wait. */
  readonly trustedNetworks: readonly string[];
  /** The secret under which names are hashed for counting: the same on every node that shares the counts. */
  readonly secret: string;
  /** In milliseconds since 1970, as on the other nodes. */
  readonly now?: () => number;
  /** In milliseconds; never set back. */
  readonly monotonicNow?: () => number;
  /** Called for each attempt that has ended. */
  readonly ended?: (outcome: LoginOutcome) => void;
}

/** How an attempt ended: `limited` was not made, in `failed` no source of accounts answered. */
export const LOGIN_OUTCOMES = ['known', 'unknown', 'limited', 'failed'] as const;
export type LoginOutcome = (typeof LOGIN_OUTCOMES)[number];

/** The account and the client of a login attempt. */
export interface LoginAttempt {
  /** As the client wrote it; the account need not exist. */
  readonly account: string;
  /** The client's IP address. */
  readonly address: string;
}

/** Asks the sources of accounts. */
export type Authenticate = (priority: LoginPriority) => Promise<Authentication>;

const REMEMBERED_MAX = 10_000;
const PROVEN_MS = 60_000;
const WRONG_MS = 3_600_000;
/** How long a client that logged in counts as known. */
const KNOWN_MS = 7 * 24 * 3_600_000;

/**
 * Slows down password guessing, before any hash is computed. A client that has recently logged in to an account has a
 * counter of its own there, which nobody else's guesses change. All others are strangers: they draw on what their client
 * may do, then on what the account allows them together. No account is ever locked: docs/decisions/0021-login-guard.md.
 */
export class LoginGuard {
  readonly #counts: AttemptCounts;
  #attempts: number;
  readonly #ended: (outcome: LoginOutcome) => void;
  #isTrusted: (address: string) => boolean;
  readonly #hash: KeyedHash;
  readonly #clients: ClientBudget;
  readonly #pairs: DoublingWait;
  readonly #strangers: StrangersBudget;
  readonly #turns = new AccountTurns();
  /** Attempts in progress, by credentials: a client that pulls in parallel logs in once. */
  readonly #underWay = new Map<string, Promise<Authentication>>();
  /** Credentials that were right a moment ago: clients that send them with each request wait for no counters. */
  readonly #proven = new LRUCache<string, true>({ max: REMEMBERED_MAX, ttl: PROVEN_MS });
  /** Credentials that were wrong, by network. Machines that repeat an old secret guess nothing. */
  readonly #wrong = new LRUCache<string, true>({ max: REMEMBERED_MAX, ttl: WRONG_MS });
  /** Credentials that were wrong, by client: those it may repeat without using up what its neighbours need. */
  readonly #repeated = new LRUCache<string, true>({ max: REMEMBERED_MAX, ttl: WRONG_MS });

  constructor(options: LoginGuardOptions) {
    const { counts, attempts, maxWaitMs, trustedNetworks, secret } = options;
    const { now = Date.now, monotonicNow = () => performance.now() } = options;
    this.#counts = counts;
    this.#ended = options.ended ?? (() => undefined);
    this.#attempts = attempts;
    this.#isTrusted = networkTest(trustedNetworks);
    this.#hash = keyedHash(secret);
    this.#clients = new ClientBudget({ counts, attempts, maxWaitMs, hash: this.#hash, monotonicNow });
    this.#pairs = new DoublingWait(counts, maxWaitMs);
    this.#strangers = new StrangersBudget(counts, attempts, now);
  }

  /** Changes the limits; what was counted stays counted, so that a reload gives nobody new guesses. */
  adjust(limits: Pick<LoginGuardOptions, 'attempts' | 'maxWaitMs' | 'trustedNetworks'>): void {
    const { attempts, maxWaitMs, trustedNetworks } = limits;
    this.#attempts = attempts;
    this.#isTrusted = networkTest(trustedNetworks);
    this.#clients.adjust(limits);
    this.#pairs.adjust(maxWaitMs);
    this.#strangers.adjust(attempts);
  }

  /**
   * Calls `authenticate`, or throws TOO_MANY_REQUESTS if too many attempts have failed. An attempt in which
   * `authenticate` throws is no guess.
   */
  async attempt(who: LoginAttempt, password: string, authenticate: Authenticate): Promise<Authentication> {
    try {
      const answer = await this.#attempt(who, password, authenticate);
      this.#ended(answer.outcome);
      return answer;
    } catch (error) {
      this.#ended(isTooMany(error) ? 'limited' : 'failed');
      throw error;
    }
  }

  async #attempt(who: LoginAttempt, password: string, authenticate: Authenticate): Promise<Authentication> {
    const networks = clientNetworksOf(who.address);
    const known = { isKnown: true, network: networks.supernet };
    if (this.#isTrusted(who.address)) return authenticate(known);
    const same = this.#hash('same', networks.client, who.account, password);
    const underWay = this.#underWay.get(same);
    if (underWay) return underWay;
    // Unlike `has`, `get` removes what has expired; what is set over it would be as old.
    const attempt = this.#proven.get(same)
      ? authenticate(known)
      : this.#guarded(networks, who.account, password, authenticate);
    this.#underWay.set(same, attempt);
    try {
      const answer = await attempt;
      if (answer.outcome === 'known') this.#proven.set(same, true, { noUpdateTTL: true });
      else this.#proven.delete(same);
      return answer;
    } finally {
      this.#underWay.delete(same);
    }
  }

  async #guarded(
    networks: ClientNetworks,
    account: string,
    password: string,
    authenticate: Authenticate,
  ): Promise<Authentication> {
    const pair = this.#hash('pair', networks.client, account);
    const known = `known:${pair}` as const;
    const tier: Tier = { key: `pair:${pair}`, free: this.#attempts };
    const isKnown = (await this.#counts.read(known)) > 0;
    const priority = { isKnown, network: networks.supernet };
    const answer = isKnown
      ? await this.#inPair(tier, () => authenticate(priority))
      : await this.#asStranger(networks, tier, account, password, () => authenticate(priority));
    if (answer.outcome === 'known') {
      await this.#counts.forget(tier.key);
      await this.#counts.mark(known, KNOWN_MS);
    }
    return answer;
  }

  /** Counts an attempt of one client at one account. */
  async #inPair(pair: Tier, act: () => Promise<Authentication>): Promise<Authentication> {
    const waitMs = await this.#pairs.enter(pair);
    if (waitMs > 0) throw refusal(waitMs);
    return withdrawnUnlessWrong(act, () => this.#pairs.takeBack(pair));
  }

  async #asStranger(
    networks: ClientNetworks,
    pair: Tier,
    account: string,
    password: string,
    authenticate: () => Promise<Authentication>,
  ): Promise<Authentication> {
    const credentials = this.#hash('repeated', networks.client, account, password);
    const isRepeated = this.#repeated.has(credentials);
    const { waitMs, takeBack } = await this.#clients.enter(networks, isRepeated);
    if (takeBack === undefined) throw refusal(waitMs);
    let isPastPair = false;
    let isMade = false;
    const act = () => {
      isMade = true;
      return authenticate();
    };
    try {
      const answer = await this.#inPair(pair, () => {
        isPastPair = true;
        return this.#atAccount(networks, account, password, act);
      });
      if (answer.outcome === 'known') await takeBack();
      else if (!isRepeated) this.#repeated.set(credentials, true);
      return answer;
    } catch (error) {
      // A busy source costs a client as much as a failure: otherwise it could keep the source busy for nothing.
      if (!isMade || !isTooMany(error)) await takeBack();
      // What the pair refuses is no poll: one machine with an old secret would keep out all behind its address.
      if (isPastPair && !isMade && isTooMany(error)) this.#clients.countPoll(networks);
      throw error;
    }
  }

  /** Counts an attempt among those of all strangers at an account. */
  async #atAccount(
    { network, supernet }: ClientNetworks,
    account: string,
    password: string,
    act: () => Promise<Authentication>,
  ): Promise<Authentication> {
    const name = countedName(account);
    const guess = this.#hash('wrong', network, account, password);
    if (this.#wrong.has(guess)) return act();
    const key = this.#hash('account', name);
    const attempt = {
      account: `account:${key}`,
      networks: () =>
        ({
          network: `network:${this.#hash('network', network, name)}`,
          supernet: `network:${this.#hash('supernet', supernet, name)}`,
        }) as const,
    } as const;
    const made = await this.#turns.run(
      key,
      () => this.#strangers.enter(attempt),
      (takeBack) => withdrawnUnlessWrong(act, takeBack),
    );
    if ('waitMs' in made) throw refusal(made.waitMs);
    if (made.done.outcome === 'unknown') this.#wrong.set(guess, true);
    return made.done;
  }
}

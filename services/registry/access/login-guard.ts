import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Authentication } from './account.ts';
import type { AttemptCounts } from './attempts.ts';
import { clientKeyOf } from './client-key.ts';
import { networkTest } from './networks.ts';
import { tooMany } from './too-many.ts';

export interface LoginGuardOptions {
  readonly counts: AttemptCounts;
  /** Failures without a delay, for one account from one client. */
  readonly attempts: number;
  /** The longest delay, however many attempts have failed. */
  readonly maxWaitMs: number;
  /** CIDR; clients in these networks never wait. */
  readonly trustedNetworks: readonly string[];
  /** The secret under which names are hashed for counting: the same on every node that shares the counts. */
  readonly secret: string;
}

/** The account and the client of a login attempt. */
export interface LoginAttempt {
  /** As the client wrote it; the account need not exist. */
  readonly account: string;
  /** The client's IP address. */
  readonly address: string;
}

/** A counter, and how many failures it allows without a delay. */
interface Tier {
  readonly key: string;
  readonly free: number;
  readonly maxWaitMs: number;
}

const PROVEN_MAX = 10_000;
const PROVEN_MS = 60_000;
const WINDOW_MS = 3_600_000;
const FIRST_WAIT_MS = 1000;
/** How long a client that logged in counts as known. */
const KNOWN_MS = 7 * 24 * 3_600_000;
/** Free failures of a client over all accounts, and of an account over all clients, in multiples of those of a pair. */
const FREE_A_CLIENT = 10;
const FREE_AN_ACCOUNT = 20;
/** The longest delay of unknown clients for an account that others guess at: its owner may be one of them. */
const STRANGERS_MAX_WAIT_MS = 60_000;

/**
 * Slows down password guessing, before any hash is computed. Failures are counted per account and client, per client,
 * and per account; beyond the free ones, each failure doubles the wait for the next attempt. No account is ever locked:
 * a client that has recently logged in to it has a counter of its own, so that neither neighbours behind the same
 * address nor guesses from elsewhere lock it out.
 */
export class LoginGuard {
  readonly #options: LoginGuardOptions;
  readonly #isTrusted: (address: string) => boolean;
  /** Attempts in progress, by credentials: a client that pulls in parallel logs in once. */
  readonly #underWay = new Map<string, Promise<Authentication>>();
  /** Credentials that were right a moment ago: clients that send them with each request wait for no counters. */
  readonly #proven = new LRUCache<string, true>({ max: PROVEN_MAX, ttl: PROVEN_MS });

  constructor(options: LoginGuardOptions) {
    this.#options = options;
    this.#isTrusted = networkTest(options.trustedNetworks);
  }

  /**
   * Calls `authenticate`, or throws TOO_MANY_REQUESTS if too many attempts have failed. An attempt in which
   * `authenticate` throws does not count.
   */
  async attempt(
    who: LoginAttempt,
    password: string,
    authenticate: () => Promise<Authentication>,
  ): Promise<Authentication> {
    if (this.#isTrusted(who.address)) return authenticate();
    const client = clientKeyOf(who.address);
    const same = this.#hash('same', client, who.account, password);
    const underWay = this.#underWay.get(same);
    if (underWay) return underWay;
    const attempt = this.#proven.has(same)
      ? authenticate()
      : this.#guarded(client, who.account, authenticate);
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
    client: string,
    account: string,
    authenticate: () => Promise<Authentication>,
  ): Promise<Authentication> {
    const { counts, attempts, maxWaitMs } = this.#options;
    const pair = this.#hash('pair', client, account);
    const known = `known:${pair}`;
    const isKnown = (await counts.read(known)) > 0;
    const tiers: readonly Tier[] = [
      { key: `pair:${pair}`, free: attempts, maxWaitMs },
      ...(isKnown
        ? []
        : [
            { key: `client:${this.#hash('client', client)}`, free: attempts * FREE_A_CLIENT, maxWaitMs },
            {
              key: `account:${this.#hash('account', spelledAlike(account))}`,
              free: attempts * FREE_AN_ACCOUNT,
              maxWaitMs: Math.min(maxWaitMs, STRANGERS_MAX_WAIT_MS),
            },
          ]),
    ];
    await this.#enter(tiers);
    const takeBack = () => Promise.all(tiers.map(({ key }) => counts.add(key, -1, WINDOW_MS)));
    let answer: Authentication;
    try {
      answer = await authenticate();
    } catch (error) {
      await takeBack();
      throw error;
    }
    if (answer.outcome !== 'known') return answer;
    const [{ key }] = tiers as readonly [Tier];
    await takeBack();
    await Promise.all([counts.forget([key, gateOf(key)]), isKnown || counts.add(known, 1, KNOWN_MS)]);
    return answer;
  }

  /**
   * Counts an attempt as failed before it is made, so that concurrent attempts get no more tries than consecutive ones.
   * Throws TOO_MANY_REQUESTS if the attempt has to wait, and then counts nothing.
   */
  async #enter(tiers: readonly Tier[]): Promise<void> {
    const { counts } = this.#options;
    const entered: Tier[] = [];
    for (const tier of tiers) {
      const waitMs = await this.#waitAt(tier);
      if (waitMs === 0) {
        entered.push(tier);
        continue;
      }
      await Promise.all(entered.map(({ key }) => counts.add(key, -1, WINDOW_MS)));
      throw tooMany('too many logins have failed, from this address or for this account', waitMs);
    }
  }

  async #waitAt({ key, free, maxWaitMs }: Tier): Promise<number> {
    const { counts } = this.#options;
    const gate = (failures: number) => counts.pass(gateOf(key), waitAfter(failures - free, maxWaitMs));
    const before = await counts.read(key);
    if (before >= free) {
      const waitMs = await gate(before);
      if (waitMs === 0) await counts.add(key, 1, WINDOW_MS);
      return waitMs;
    }
    const after = await counts.add(key, 1, WINDOW_MS);
    if (after <= free) return 0;
    // Others tried at the same time.
    const waitMs = await gate(after - 1);
    if (waitMs > 0) await counts.add(key, -1, WINDOW_MS);
    return waitMs;
  }

  /** Neither names nor passwords are stored: people sometimes type one in place of the other. */
  #hash(...parts: readonly string[]): string {
    const hmac = createHmac('sha256', this.#options.secret);
    for (const part of parts) hmac.update(`${part.length}:${part}`);
    return hmac.digest('base64url').slice(0, 22);
  }
}

/**
 * The key of an account's counter over all clients. Sources of accounts accept several spellings of a name (`alice`,
 * `Alice`, `%61lice`, `project/alice` in Keystone), which must share a counter. Two accounts that share one by accident
 * only share the delay of unknown clients.
 */
function spelledAlike(account: string): string {
  const [name = ''] = account.split('/').slice(-1);
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    return name.toLowerCase();
  }
}

function gateOf(key: string): string {
  return `gate:${key}`;
}

/** 1 s, 2 s, 4 s, … */
function waitAfter(excess: number, maxWaitMs: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(excess, 30), maxWaitMs);
}

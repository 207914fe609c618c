import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Authentication } from './account.ts';
import type { AttemptCounts } from './attempts.ts';
import { clientKeyOf } from './client-key.ts';
import { networkTest } from './networks.ts';
import { tooMany } from './too-many.ts';

export interface LoginGuardOptions {
  readonly counts: AttemptCounts;
  /** Failures that cost nothing, of one account from one client. */
  readonly attempts: number;
  /** However many have failed, nobody waits longer. */
  readonly maxWaitMs: number;
  /** CIDR; whoever asks from there never waits. */
  readonly trustedNetworks: readonly string[];
  /** What names are hashed under where they are counted: the same on every node that shares the counts. */
  readonly secret: string;
}

/** Who tries to log in, and where from. */
export interface LoginAttempt {
  /** As it was written: whether there is such an account makes no difference. */
  readonly account: string;
  /** The client's IP address. */
  readonly address: string;
}

/** What is counted, and how many failures are free. */
interface Tier {
  readonly key: string;
  readonly free: number;
  readonly maxWaitMs: number;
}

const PROVEN_MAX = 10_000;
const PROVEN_MS = 60_000;
const WINDOW_MS = 3_600_000;
const FIRST_WAIT_MS = 1000;
/** A client that logged in is known so long. */
const KNOWN_MS = 7 * 24 * 3_600_000;
/** Failures that are free to a client whatever accounts it tries, and to an account whoever tries it: those of one, so many times. */
const FREE_A_CLIENT = 10;
const FREE_AN_ACCOUNT = 20;
/** Strangers never wait longer for an account that others guess at: its owner may be one of them. */
const STRANGERS_MAX_WAIT_MS = 60_000;

/**
 * Slows down whoever guesses passwords, before any hash is computed. Failures are counted for an account at a client,
 * for a client, and for an account; beyond some, each next one makes the next attempt wait twice as long. No account is
 * ever locked: a client from which somebody has lately logged in to it counts by itself alone, so that neither its
 * neighbours behind one address nor guesses from elsewhere keep it out.
 */
export class LoginGuard {
  readonly #options: LoginGuardOptions;
  readonly #isTrusted: (address: string) => boolean;
  /** Attempts with the same credentials that are looked at right now: a client that pulls in parallel logs in once. */
  readonly #underWay = new Map<string, Promise<Authentication>>();
  /** Credentials that were right a moment ago are no guesses: those who send them with each request wait for no counts. */
  readonly #proven = new LRUCache<string, true>({ max: PROVEN_MAX, ttl: PROVEN_MS });

  constructor(options: LoginGuardOptions) {
    this.#options = options;
    this.#isTrusted = networkTest(options.trustedNetworks);
  }

  /**
   * Has `authenticate` look at credentials, unless too many have failed: then it throws TOO_MANY_REQUESTS. What
   * `authenticate` throws counts for nobody.
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
   * Counts an attempt as failed before it is made, so that of many at once no more go through than of as many one after
   * the other. Throws TOO_MANY_REQUESTS where it has to wait, and then counts nothing.
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
    // Others came at the same time.
    const waitMs = await gate(after - 1);
    if (waitMs > 0) await counts.add(key, -1, WINDOW_MS);
    return waitMs;
  }

  /** Neither names nor passwords, which people put in each other's place, are kept anywhere. */
  #hash(...parts: readonly string[]): string {
    const hmac = createHmac('sha256', this.#options.secret);
    for (const part of parts) hmac.update(`${part.length}:${part}`);
    return hmac.digest('base64url').slice(0, 22);
  }
}

/**
 * What an account counts as where guesses from everywhere are counted: sources of accounts know one by many spellings
 * (`alice`, `Alice`, `%61lice`, `project/alice`, of Keystone), and each must not be a count of its own. Two accounts that
 * fall together here only share how long strangers wait for them.
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

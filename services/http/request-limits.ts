import { clientKeyOf } from '../registry/access/client-key.ts';
import { networkTest } from '../registry/access/networks.ts';
import { RateLimit } from '../registry/access/rate-limit.ts';
import { tooMany } from '../registry/access/too-many.ts';
import type { Authenticator } from './access/authenticator.ts';
import type { Context } from './context.ts';

export interface RequestLimitsOptions {
  /** Requests a second of one client, and of one account; undefined for no limit. */
  readonly perClient: number | undefined;
  readonly perAccount: number | undefined;
  /** CIDR; requests from there are not counted. */
  readonly trustedNetworks: readonly string[];
  /** Called for each refused request. */
  readonly limited: (by: 'client' | 'account') => void;
}

/** Seconds' worth of requests that may come at once: clients ask for an image's layers together. */
const BURST_SECONDS = 5;
/** Probed by load balancers all day. */
const NEVER_LIMITED = new Set(['/', '/livez', '/readyz']);

/**
 * Limits the requests a second of one client, and of one account; beyond, it throws TOO_MANY_REQUESTS. Each node counts
 * for itself, in memory, so that pulls wait for nothing.
 */
export class RequestLimits {
  readonly #options: RequestLimitsOptions;
  readonly #clients: RateLimit | undefined;
  readonly #accounts: RateLimit | undefined;
  readonly #isTrusted: (address: string) => boolean;

  constructor(options: RequestLimitsOptions) {
    this.#options = options;
    this.#clients = limitOf(options.perClient);
    this.#accounts = limitOf(options.perAccount);
    this.#isTrusted = networkTest(options.trustedNetworks);
  }

  /** Counts a request of its client. A Koa middleware, mounted first. */
  readonly ofClients = (ctx: Context, next: () => Promise<unknown>): Promise<unknown> => {
    const { clientAddress } = ctx.state;
    if (this.#clients && !this.#isTrusted(clientAddress) && !NEVER_LIMITED.has(ctx.path)) {
      const waitMs = this.#clients.take(clientKeyOf(clientAddress));
      if (waitMs > 0) {
        this.#options.limited('client');
        throw tooMany('too many requests from this address', waitMs);
      }
    }
    return next();
  };

  /** An authenticator that counts the requests of each account that it lets in. */
  countingAccounts(authenticator: Authenticator): Authenticator {
    const limit = this.#accounts;
    if (limit === undefined) return authenticator;
    return {
      anonymous: (address) => authenticator.anonymous(address),
      authorize: async (ctx, wanted) => {
        const principal = await authenticator.authorize(ctx, wanted);
        if (principal.name === '' || this.#isTrusted(ctx.state.clientAddress)) return principal;
        const waitMs = limit.take(principal.name);
        if (waitMs === 0) return principal;
        this.#options.limited('account');
        throw tooMany('too many requests by this account', waitMs);
      },
    };
  }
}

function limitOf(perSecond: number | undefined): RateLimit | undefined {
  if (perSecond === undefined) return undefined;
  return new RateLimit({ perSecond, burst: Math.max(1, Math.ceil(perSecond * BURST_SECONDS)) });
}

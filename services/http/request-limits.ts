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
  readonly #limited: RequestLimitsOptions['limited'];
  #clients: RateLimit | undefined;
  #accounts: RateLimit | undefined;
  #isTrusted: (address: string) => boolean = () => false;

  constructor({ limited, ...limits }: RequestLimitsOptions) {
    this.#limited = limited;
    this.adjust(limits);
  }

  /** Changes the limits; what was counted stays counted, so that a reload gives nobody new requests. */
  adjust({ perClient, perAccount, trustedNetworks }: Omit<RequestLimitsOptions, 'limited'>): void {
    this.#clients = limitOf(perClient, this.#clients);
    this.#accounts = limitOf(perAccount, this.#accounts);
    this.#isTrusted = networkTest(trustedNetworks);
  }

  /** Counts a request of its client. A Koa middleware, mounted first. */
  readonly ofClients = (ctx: Context, next: () => Promise<unknown>): Promise<unknown> => {
    const { clientAddress } = ctx.state;
    if (this.#clients && !this.#isTrusted(clientAddress) && !NEVER_LIMITED.has(ctx.path)) {
      const waitMs = this.#clients.take(clientKeyOf(clientAddress));
      if (waitMs > 0) {
        this.#limited('client');
        throw tooMany('too many requests from this address', waitMs);
      }
    }
    return next();
  };

  /** An authenticator that counts the requests of each account that it lets in. */
  countingAccounts(authenticator: Authenticator): Authenticator {
    return {
      anonymous: (address) => authenticator.anonymous(address),
      authorize: async (ctx, wanted) => {
        const principal = await authenticator.authorize(ctx, wanted);
        const limit = this.#accounts;
        if (!limit || principal.name === '' || this.#isTrusted(ctx.state.clientAddress)) return principal;
        const waitMs = limit.take(principal.name);
        if (waitMs === 0) return principal;
        this.#limited('account');
        throw tooMany('too many requests by this account', waitMs);
      },
    };
  }
}

/** A limit with the counts of the one before; undefined for no limit. */
function limitOf(perSecond: number | undefined, before: RateLimit | undefined): RateLimit | undefined {
  if (perSecond === undefined) return undefined;
  const options = { perSecond, burst: Math.max(1, Math.ceil(perSecond * BURST_SECONDS)) };
  if (before === undefined) return new RateLimit(options);
  before.adjust(options);
  return before;
}

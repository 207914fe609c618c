import type { AccessRequest } from '../../registry/access/access-request.ts';
import { EVERYTHING, type Grants, OPEN_ACCESS, type Principal } from '../../registry/access/grants.ts';
import type { Context } from '../context.ts';

/** Authenticates and authorizes requests. Once warm it decides from memory: pulls wait for no other service. */
export interface Authenticator {
  /**
   * Returns the principal of a request that may do everything wanted; with nothing wanted, of one that says who it is
   * from. Throws UNAUTHORIZED, with a challenge set, or DENIED: the same whether or not what was asked for exists.
   * Decides by {@link firstDenied}, which keeps the rule for the audit record.
   */
  authorize(ctx: Context, wanted: readonly AccessRequest[]): Promise<Principal>;
  /** The rights of a client without credentials at an address; an empty address is in no network of rules that allow. */
  anonymous(address: string): Grants;
}

/** The first thing wanted that a principal may not do. Keeps, for the audit record, the rule that allows the main one, `wanted[0]`. */
export function firstDenied(
  ctx: Context,
  principal: Principal,
  wanted: readonly AccessRequest[],
): AccessRequest | undefined {
  const decisions = wanted.map((each) => principal.decide(each));
  ctx.state.rule = decisions[0]?.rule;
  return wanted.find((_, i) => decisions[i]?.isAllowed !== true);
}

/** Of a registry without accounts: everyone may do everything. */
export const OPEN_AUTHENTICATOR: Authenticator = {
  authorize: async () => OPEN_ACCESS,
  anonymous: () => EVERYTHING,
};

import type { AccessRequest } from '../../registry/access/access-request.ts';
import { OPEN_ACCESS, type Principal } from '../../registry/access/grants.ts';
import type { Context } from '../context.ts';

/**
 * Who stands before a process's endpoints. Once warm it decides at once: nothing is asked of anybody on the pull path.
 */
export interface Authenticator {
  /**
   * Lets a request pass that may do everything that is wanted, and answers with whose it is; with nothing wanted, one
   * that says who it is from. Throws UNAUTHORIZED, after telling how to ask for credentials, or DENIED: the same
   * whether or not what was asked for exists. Decides by {@link firstDenied}, which keeps the rule for records.
   */
  authorize(ctx: Context, wanted: readonly AccessRequest[]): Principal | Promise<Principal>;
}

/**
 * The first thing wanted that a principal may not do. Keeps by which rule the request may do what it is for, which stands
 * first: records tell of it.
 */
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
export const OPEN_AUTHENTICATOR: Authenticator = { authorize: () => OPEN_ACCESS };

import { NOBODY_IN_PARTICULAR, type Principal } from '../../registry/access/grants.ts';
import type { Wanted } from '../../registry/access/wanted.ts';
import type { Context } from '../context.ts';

/**
 * Who stands before a process's endpoints. Once warm it decides at once: nothing is asked of anybody on the pull path.
 */
export interface Door {
  /**
   * Lets a request pass that may do everything that is wanted, and answers with whose it is; with nothing wanted, one
   * that says who it is from. Throws UNAUTHORIZED, after telling how to ask for credentials, or DENIED: the same
   * whether or not what was asked for exists. Decides by {@link firstDenied}, which keeps the rule for records.
   */
  admit(ctx: Context, wanted: readonly Wanted[]): Principal | Promise<Principal>;
}

/**
 * The first thing wanted that a principal may not do. Keeps by which rule the request may do what it is for, which stands
 * first: records tell of it.
 */
export function firstDenied(
  ctx: Context,
  principal: Principal,
  wanted: readonly Wanted[],
): Wanted | undefined {
  const decisions = wanted.map((each) => principal.decide(each));
  ctx.state.rule = decisions[0]?.rule;
  return wanted.find((_, i) => decisions[i]?.isAllowed !== true);
}

/** Of a registry without accounts: everyone may do everything. */
export const OPEN_DOOR: Door = { admit: () => NOBODY_IN_PARTICULAR };

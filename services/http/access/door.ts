import { NOBODY_IN_PARTICULAR, type Principal } from '../../registry/access/grants.ts';
import type { Wanted } from '../../registry/access/wanted.ts';
import type { Context } from '../app.ts';

/**
 * Who stands before a process's endpoints. Once warm it decides at once: nothing is asked of anybody on the pull path.
 */
export interface Door {
  /**
   * Lets a request pass that may do everything that is wanted, and answers with whose it is; with nothing wanted, one
   * that says who it is from. Throws UNAUTHORIZED, after telling how to ask for credentials, or DENIED: the same
   * whether or not what was asked for exists.
   */
  admit(ctx: Context, wanted: readonly Wanted[]): Principal | Promise<Principal>;
}

/** Of a registry without accounts: everyone may do everything. */
export const OPEN_DOOR: Door = { admit: () => NOBODY_IN_PARTICULAR };

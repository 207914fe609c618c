import type { RouteContext } from '../http/context.ts';
import type { Accounts } from '../registry/access/accounts.ts';
import type { Signer } from '../registry/access/keys/signing-key.ts';
import type { LoginGuard } from '../registry/access/login-guard.ts';
import type { AccessRules } from '../registry/access/rules.ts';
import type { RefreshTokens } from './refresh-tokens.ts';

/** What the token service's endpoints work with; made once in `app.ts`. */
export interface TokenService {
  readonly accounts: Accounts;
  /** The guard of every password check. */
  readonly logins: LoginGuard;
  readonly rules: AccessRules;
  readonly signer: Signer;
  readonly refreshTokens: RefreshTokens;
  readonly issuer: string;
  /** The registry that tokens are for unless the request names one of `otherServices`. */
  readonly service: string;
  readonly otherServices: readonly string[];
  readonly tokenLifetimeMs: number;
  /** Where people get a password in a browser; undefined where that is not configured. */
  readonly loginUrlOf: ((ctx: RouteContext) => string) | undefined;
}

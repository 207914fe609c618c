import type { Logger } from 'pino';
import type { RouteContext } from '../../http/context.ts';
import type { Accounts } from '../../registry/access/accounts.ts';
import type { BrowserLogin } from '../../registry/access/browser-login.ts';
import type { IssuedCredentials } from '../../registry/access/issued/credentials.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import type { PendingCookie } from './pending-cookie.ts';

/** What the login pages work with; made once in `app.ts`. */
export interface LoginService {
  readonly login: BrowserLogin;
  readonly cookie: PendingCookie;
  readonly accounts: Accounts;
  readonly issued: IssuedCredentials;
  readonly audit: Audit;
  readonly logger: Logger;
  /** Where the provider sends browsers back to: an absolute URL, or a path where that is unknown. */
  callbackUrlOf(ctx: RouteContext): string;
  /** Where clients log in, `host[:port]`; undefined when that is the host of the pages. */
  readonly registry: string | undefined;
}

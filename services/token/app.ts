import { onlyPublicName } from '../config/reach.ts';
import { delegationOf, secretBoxOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import { createService, type Service, type ServiceParts } from '../http/service.ts';
import type { BrowserLogin } from '../registry/access/browser-login.ts';
import { IssuedCredentials } from '../registry/access/issued/credentials.ts';
import { pageUrlsOf } from './login/page-urls.ts';
import { PendingCookie } from './login/pending-cookie.ts';
import { tokenMetrics } from './metrics.ts';
import { RefreshTokens } from './refresh-tokens.ts';
import { loginRoutes, robotRoutes, tokenRoutes } from './routes.ts';
import type { TokenService } from './tokens.ts';

export interface TokenOptions extends Pick<TokenService, 'accounts' | 'logins' | 'rules' | 'signer'> {
  /** The provider of logins in a browser; undefined where there is none. */
  readonly browserLogin: BrowserLogin | undefined;
}

/** Makes the token service: Docker's token authentication, and its form in OAuth 2.0. */
export function createToken(config: Config, parts: ServiceParts, options: TokenOptions): Service {
  const { objects, audit, logger } = parts;
  const { browserLogin: login, ...access } = options;
  const { auth, token, http } = config;
  if (!auth?.token || !token) throw new Error('a token service without the sections auth.token and token');
  const issued = new IssuedCredentials(objects);
  const delegation = delegationOf(config);
  const tokens = tokenRoutes({
    ...access,
    metrics: tokenMetrics(parts.metrics),
    delegation,
    refreshTokens: new RefreshTokens(secretBoxOf(config, 'refresh tokens'), token.refreshlifetime),
    issuer: auth.token.issuer,
    service: auth.token.service,
    otherServices: token.services,
    tokenLifetimeMs: token.lifetime,
    loginUrlOf: login && pageUrlsOf(http, auth.token, 'login'),
  });
  const logIns =
    login &&
    loginRoutes({
      ...{ login, accounts: access.accounts, audit, logger, issued },
      cookie: new PendingCookie(secretBoxOf(config, 'pending logins')),
      callbackUrlOf: pageUrlsOf(http, auth.token, 'callback'),
      registry: http.host === undefined ? undefined : new URL(http.host).host,
    });
  return createService(parts, {
    process: 'token',
    publicName: onlyPublicName(config, token.http?.addr ?? http.addr),
    routes: [...tokens, ...robotRoutes({ issued, audit, delegation }), ...(logIns ?? [])],
  });
}

import type { Logger } from 'pino';
import { onlyPublicName } from '../config/public-name.ts';
import { pendingLoginsBoxOf, refreshTokensBoxOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import type { Authenticator } from '../http/access/authenticator.ts';
import { createApp } from '../http/app.ts';
import { clientAddressOf } from '../http/client-address.ts';
import type { App } from '../http/context.ts';
import { healthRoutes, Readiness } from '../http/health.ts';
import { checkHost } from '../http/host-check.ts';
import type { Metrics } from '../http/metrics.ts';
import { allowsOrigins } from '../http/preflight.ts';
import type { RequestLimits } from '../http/request-limits.ts';
import { mountNotFound, mountRoutes } from '../http/routes.ts';
import type { Accounts } from '../registry/access/accounts.ts';
import type { BrowserLogin } from '../registry/access/browser-login.ts';
import { IssuedCredentials } from '../registry/access/issued/credentials.ts';
import type { Signer } from '../registry/access/keys/signing-key.ts';
import type { LoginGuard } from '../registry/access/login-guard.ts';
import type { AccessRules } from '../registry/access/rules.ts';
import type { Audit } from '../registry/audit/audit.ts';
import type { WriteHealth } from '../registry/storage/write-health.ts';
import type { Stores } from '../stores/open.ts';
import { pageUrlsOf } from './login/page-urls.ts';
import { PendingCookie } from './login/pending-cookie.ts';
import type { LoginService } from './login/service.ts';
import { RefreshTokens } from './refresh-tokens.ts';
import { robotRoutes } from './robots/routes.ts';
import { loginRoutes, tokenRoutes } from './routes.ts';

/** A token service that is ready to be given a port. */
export interface Token {
  readonly app: App;
  readonly readiness: Readiness;
}

/** What it is made of; most of it is shared with the other processes of the program. */
export interface TokenParts {
  readonly config: Config;
  readonly stores: Stores;
  readonly accounts: Accounts;
  readonly logins: LoginGuard;
  readonly rules: AccessRules;
  readonly signer: Signer;
  /** The provider at which people log in in a browser, where there is one. */
  readonly browserLogin: BrowserLogin | undefined;
  readonly writes: WriteHealth;
  readonly audit: Audit;
  readonly authenticator: Authenticator;
  readonly limits?: RequestLimits | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Makes the token service: Docker's token authentication, and its form in OAuth 2.0. */
export function createToken(parts: TokenParts): Token {
  const { config, stores, accounts, logins, rules, signer, authenticator, audit, metrics, logger } = parts;
  const { auth, token, http } = config;
  if (!auth?.token || !token) throw new Error('a token service without the sections auth.token and token');
  const service = {
    ...{ accounts, logins, rules, signer },
    refreshTokens: new RefreshTokens(refreshTokensBoxOf(config), token.refreshlifetime),
    issuer: auth.token.issuer,
    service: auth.token.service,
    otherServices: token.services,
    tokenLifetimeMs: token.lifetime,
    loginUrlOf: parts.browserLogin && pageUrlsOf(http, auth.token, 'login'),
  };
  const readiness = new Readiness(stores.objects, parts.writes);
  const app = createApp({
    process: 'token',
    logger,
    metrics,
    clientAddress: clientAddressOf(http.trustedproxies),
    accessLog: !config.log.accesslog.disabled,
    limits: parts.limits,
    preflight: allowsOrigins(http.headers),
  });
  const publicName = onlyPublicName(config, token.http?.addr ?? http.addr);
  if (publicName !== false) app.use(checkHost(publicName));
  const robots = { issued: new IssuedCredentials(stores.objects), audit };
  const login = loginServiceOf(parts);
  const routes = [
    ...healthRoutes(readiness),
    ...tokenRoutes(service),
    ...robotRoutes(robots),
    ...(login ? loginRoutes(login) : []),
  ];
  mountRoutes(app, routes, parts.limits?.countingAccounts(authenticator) ?? authenticator);
  mountNotFound(app);
  return { app, readiness };
}

function loginServiceOf(parts: TokenParts): LoginService | undefined {
  const { config, stores, accounts, audit, logger, browserLogin: login } = parts;
  const { http, auth } = config;
  if (login === undefined || auth?.token === undefined) return undefined;
  return {
    ...{ login, accounts, audit, logger },
    cookie: new PendingCookie(pendingLoginsBoxOf(config)),
    issued: new IssuedCredentials(stores.objects),
    callbackUrlOf: pageUrlsOf(http, auth.token, 'callback'),
    registry: http.host === undefined ? undefined : new URL(http.host).host,
  };
}

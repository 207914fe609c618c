import type { Logger } from 'pino';
import { accessRulesOf, passesBoxOf, secretBoxOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import { type Authenticator, OPEN_AUTHENTICATOR } from '../http/access/authenticator.ts';
import { BasicAuthenticator } from '../http/access/basic-authenticator.ts';
import { BearerAuthenticator } from '../http/access/bearer-authenticator.ts';
import { passUrlsOf } from '../http/access/pass-url.ts';
import { Passes, passRoute } from '../http/access/passes.ts';
import { openCertificateKeys } from '../http/access/tokens/certificate-keys.ts';
import { openCertificateSigner } from '../http/access/tokens/certificate-signer.ts';
import { openJwksKeys } from '../http/access/tokens/jwks-keys.ts';
import { allKeys, ringKeys, type TrustedKeys } from '../http/access/tokens/trusted-keys.ts';
import { TokenVerifier } from '../http/access/tokens/verifier.ts';
import type { RequestLimits } from '../http/request-limits.ts';
import type { Route } from '../http/routes.ts';
import { absoluteUrlsOf } from '../http/urls.ts';
import type { Accounts } from '../registry/access/accounts.ts';
import { KeyRing } from '../registry/access/keys/key-ring.ts';
import { RingSigner } from '../registry/access/keys/ring-signer.ts';
import type { Signer } from '../registry/access/keys/signing-key.ts';
import type { LoginGuard } from '../registry/access/login-guard/guard.ts';
import type { Audit } from '../registry/audit/audit.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';

/** What the authenticator and the token service of one program are made of. */
export interface AccessParts {
  readonly config: Config;
  readonly objects: ObjectStore;
  readonly logins: LoginGuard;
  readonly logger: Logger;
  /** Those of `auth.htpasswd`, if configured. */
  readonly accounts: Accounts | undefined;
  /** Counts the requests of each account. */
  readonly limits: RequestLimits;
}

/** The authenticator, and our own signing keys. */
export interface Access extends AsyncDisposable {
  readonly authenticator: Authenticator;
  /** Endpoints of the authenticator itself; an API node mounts them. */
  readonly routes: readonly Route[];
  /** Undefined where tokens come from elsewhere, or there are none. */
  readonly ring: KeyRing | undefined;
}

/** Opens the authenticator that a configuration asks for. */
export async function openAccess(parts: AccessParts): Promise<Access> {
  const { config, objects, logins, logger, accounts } = parts;
  const { auth, access } = config;
  await using held = new AsyncDisposableStack();
  let ring: KeyRing | undefined;
  let authenticator: Authenticator = OPEN_AUTHENTICATOR;
  let routes: readonly Route[] = [];
  if (auth?.token) {
    if (config.token) ring = held.use(await KeyRing.start(objects, logger));
    authenticator = bearerAuthenticator(config, await openKeys(config, ring, held, logger));
  } else if (auth?.htpasswd && accounts) {
    const rules = access && accessRulesOf(config);
    const box = rules && passesBoxOf(config);
    const passes = box && new Passes(box);
    const urlOf = passUrlsOf(config.http);
    authenticator = new BasicAuthenticator({
      ...{ accounts, logins, realm: auth.htpasswd.realm, rules },
      passes: passes && { passes, urlOf },
    });
    if (passes) routes = [passRoute(parts.limits.countingAccounts(authenticator), passes)];
  }
  const all = held.move();
  return { authenticator, routes, ring, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The keys that may sign tokens for this registry. */
async function openKeys(
  { auth, token }: Config,
  ring: KeyRing | undefined,
  held: AsyncDisposableStack,
  log: Logger,
): Promise<TrustedKeys> {
  const keys: TrustedKeys[] = ring ? [ringKeys(ring)] : [];
  const { rootcertbundle, jwks } = auth?.token ?? {};
  for (const { path, ...file } of [
    { name: 'token.certificate', path: token?.certificate, areIssuers: false },
    { name: 'auth.token.rootcertbundle', path: rootcertbundle, areIssuers: true },
  ])
    if (path !== undefined) keys.push(held.use(await openCertificateKeys({ ...file, path, log })));
  if (jwks !== undefined) keys.push(held.use(await openJwksKeys(jwks, log)));
  return allKeys(keys);
}

function bearerAuthenticator(config: Config, keys: TrustedKeys): Authenticator {
  const { auth, access, token } = config;
  if (!auth?.token) throw new Error('an authenticator for tokens without auth.token');
  const { service, issuer, signingalgorithms, realm, autoredirect, autoredirectpath } = auth.token;
  const urlOf = absoluteUrlsOf(config.http);
  return new BearerAuthenticator({
    verifier: new TokenVerifier({ keys, issuer, audience: service, algorithms: signingalgorithms }),
    // A token service elsewhere makes tokens for the anonymous too; our rules count only if there are any.
    rules: token || access ? accessRulesOf(config) : undefined,
    realmOf: (ctx) => (autoredirect || realm === undefined ? urlOf(ctx, autoredirectpath) : realm),
    service,
  });
}

/** Starts what signs our tokens. */
export async function startSigner(
  { config, objects, logger }: AccessParts,
  ring: KeyRing,
  audit: Audit,
): Promise<Signer> {
  const { token } = config;
  if (!token) throw new Error('a token service without the section token');
  const { key, certificate } = token;
  if (certificate !== undefined) {
    if (key === undefined) throw new Error('token.key is missing: expected the key of token.certificate');
    return openCertificateSigner({ key, certificate }, logger);
  }
  return RingSigner.start({
    ...{ objects, ring, audit, algorithm: token.algorithm, log: logger },
    box: secretBoxOf(config, 'token keys'),
    keyLifetimeMs: token.keylifetime,
    tokenLifetimeMs: token.lifetime,
  });
}

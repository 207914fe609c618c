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
import type { Route } from '../http/routes.ts';
import { absoluteUrlsOf } from '../http/urls.ts';
import type { Accounts } from '../registry/access/accounts.ts';
import { KeyRing } from '../registry/access/keys/key-ring.ts';
import { RingSigner } from '../registry/access/keys/ring-signer.ts';
import type { Signer } from '../registry/access/keys/signing-key.ts';
import type { Audit } from '../registry/audit/audit.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import type { LivingLimits } from './limits.ts';
import type { Generation } from './reload/generation.ts';

/** What the authenticator and the token service of one program are made of. */
export interface AccessParts {
  readonly config: Config;
  readonly objects: ObjectStore;
  readonly logger: Logger;
  readonly limits: LivingLimits;
  /** Opens the accounts of `auth.htpasswd`. */
  readonly accountsOf: (htpasswd: { readonly path: string }) => Promise<Accounts & AsyncDisposable>;
}

/** The authenticator, and our own signing keys. */
export interface Access {
  readonly authenticator: Authenticator;
  /** Endpoints of the authenticator itself; an API node mounts them. */
  readonly routes: readonly Route[];
  /** Undefined where tokens come from elsewhere, or there are none. */
  readonly ring: KeyRing | undefined;
}

/** Opens the authenticator that a configuration asks for. */
export async function openAccess(parts: AccessParts, generation: Generation): Promise<Access> {
  const { config, objects, logger, limits } = parts;
  const { auth, access, token } = config;
  if (auth?.token) {
    const ring = token && (await generation.use('key ring', [], () => KeyRing.start(objects, logger)));
    const authenticator = bearerAuthenticator(config, await openKeys(config, ring, generation, logger));
    return { authenticator, routes: [], ring };
  }
  if (!auth?.htpasswd) return { authenticator: OPEN_AUTHENTICATOR, routes: [], ring: undefined };
  const { htpasswd } = auth;
  const accounts = await generation.use('accounts of htpasswd', ['auth.htpasswd.path'], () =>
    parts.accountsOf(htpasswd),
  );
  const rules = access && accessRulesOf(config);
  const box = rules && passesBoxOf(config);
  // Kept: clients have passes of it, whose key may be random.
  const passes = box && (await generation.use('passes', [], () => new Passes(box)));
  const urlOf = passUrlsOf(config.http);
  const authenticator = new BasicAuthenticator({
    ...{ accounts, logins: limits.logins, realm: htpasswd.realm, rules },
    passes: passes && { passes, urlOf },
  });
  const routes = passes ? [passRoute(limits.requests.countingAccounts(authenticator), passes)] : [];
  return { authenticator, routes, ring: undefined };
}

/** The keys that may sign tokens for this registry. */
async function openKeys(
  { auth, token }: Config,
  ring: KeyRing | undefined,
  generation: Generation,
  log: Logger,
): Promise<TrustedKeys> {
  const keys: TrustedKeys[] = ring ? [ringKeys(ring)] : [];
  const { rootcertbundle, jwks } = auth?.token ?? {};
  for (const { path, ...file } of [
    { name: 'token.certificate', path: token?.certificate, areIssuers: false },
    { name: 'auth.token.rootcertbundle', path: rootcertbundle, areIssuers: true },
  ] as const)
    if (path !== undefined)
      keys.push(
        await generation.use(`keys of ${file.name}`, [file.name], () =>
          openCertificateKeys({ ...file, path, log }),
        ),
      );
  if (jwks !== undefined)
    keys.push(
      await generation.use('keys of auth.token.jwks', ['auth.token.jwks'], () => openJwksKeys(jwks, log)),
    );
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
  { config, objects, logger }: Pick<AccessParts, 'config' | 'objects' | 'logger'>,
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

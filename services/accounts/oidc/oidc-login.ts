import { timingSafeEqual } from 'node:crypto';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { Agent } from 'undici';
import type { BrowserLogin, PendingLogin, Person } from '../../registry/access/browser-login.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { WaitQueue } from '../../registry/runtime/wait-queue.ts';
import { openAgent } from '../agent.ts';
import { tooManyLogins } from '../login-queue.ts';
import { type Claims, groupsOf, nameOf, vouchedBy } from './claims.ts';
import { failureOf, reasonOf } from './failures.ts';
import { Provider } from './provider.ts';
import { fetchBy } from './transport.ts';

/** The section `accounts.*.oidc`. */
export interface OidcOptions {
  readonly issuer: string;
  readonly clientid: string;
  readonly clientsecret?: string | undefined;
  readonly scopes: readonly string[];
  readonly nameclaim: string;
  readonly groupsclaim: string;
  readonly lifetime: number;
  readonly timeout: number;
  readonly rootcas: readonly string[];
}

/** Logins being finished at once, and waiting: each of them asks the provider. */
const AT_ONCE = 8;
const WAIT_MAX_MS = 10_000;
const WAITING_MAX = 64;

/** The name of the source of accounts of an OpenID provider. */
export const OIDC_SOURCE = 'oidc';

/**
 * Logins at an OpenID provider: the authorization code flow (OpenID Connect Core, section 3.1) with PKCE (RFC 7636),
 * `state` and `nonce`. The library checks issuer, audience, signature and times of an answer.
 */
export class OidcLogin implements BrowserLogin {
  readonly source = OIDC_SOURCE;
  readonly provider: string;
  readonly credentialLifetimeMs: number;
  readonly #options: OidcOptions;
  readonly #agent: Agent;
  readonly #provider: Provider;
  readonly #logger: Log;
  readonly #turns = new WaitQueue({
    atOnce: AT_ONCE,
    limits: { waiting: WAITING_MAX, waitMaxMs: WAIT_MAX_MS, refuse: tooManyLogins },
  });

  /** Does not wait for the provider. Throws an Error when a file of `rootcas` cannot be read. */
  static async open(options: OidcOptions, logger: Log): Promise<OidcLogin> {
    const { timeout: timeoutMs, rootcas: rootCas } = options;
    const login = new OidcLogin(options, await openAgent({ timeoutMs, rootCas }), logger);
    // So that the first login does not wait for it, and the log has a mistake at once.
    login.#provider.configuration(AbortSignal.timeout(timeoutMs)).catch(() => undefined);
    return login;
  }

  private constructor(options: OidcOptions, agent: Agent, logger: Log) {
    const { issuer, clientid: clientId, clientsecret: clientSecret, timeout: timeoutMs } = options;
    this.provider = new URL(issuer).host;
    this.credentialLifetimeMs = options.lifetime;
    this.#options = options;
    this.#agent = agent;
    this.#logger = logger;
    const fetch = fetchBy(agent);
    this.#provider = new Provider({ issuer, clientId, clientSecret, timeoutMs, fetch, logger });
  }

  async begin(redirectUri: string, signal: AbortSignal): Promise<{ url: string; pending: PendingLogin }> {
    const configuration = await this.#provider.configuration(signal);
    const pending = {
      ...{ state: randomState(), nonce: randomNonce(), codeVerifier: randomPKCECodeVerifier() },
      redirectUri,
    };
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: [...new Set(['openid', ...this.#options.scopes])].join(' '),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await calculatePKCECodeChallenge(pending.codeVerifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, pending };
  }

  async finish(pending: PendingLogin, answer: URLSearchParams, signal: AbortSignal): Promise<Person> {
    if (!isSame(answer.get('state') ?? '', pending.state))
      throw new RegistryError('PARAMETER_INVALID', 'this browser has begun another login since: begin again');
    const { issuer, nameclaim, groupsclaim } = this.#options;
    return this.#turns.run(async () => {
      try {
        const claims = await this.#claimsOf(pending, answer, signal);
        return {
          name: nameOf(claims, nameclaim),
          groups: groupsOf(claims, groupsclaim),
          subject: `${issuer} ${String(claims['sub'])}`,
        };
      } catch (error) {
        this.#logger.warn({ issuer, reason: reasonOf(error) }, 'a login at the OpenID provider failed');
        throw failureOf(error, issuer);
      }
    }, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#agent.destroy();
  }

  async #claimsOf(pending: PendingLogin, answer: URLSearchParams, signal: AbortSignal): Promise<Claims> {
    const configuration = await this.#provider.configuration(signal);
    const url = new URL(pending.redirectUri);
    url.search = answer.toString();
    const tokens = await authorizationCodeGrant(configuration, url, {
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      pkceCodeVerifier: pending.codeVerifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('the answer had no ID token');
    return this.#withUserInfo(configuration, claims, tokens.access_token);
  }

  /** Many providers return names and groups only at the userinfo endpoint (section 5.3 there). */
  async #withUserInfo(
    configuration: Configuration,
    claims: Claims & { readonly sub: string },
    accessToken: string,
  ): Promise<Claims> {
    const { nameclaim, groupsclaim } = this.#options;
    const wanted = [nameclaim, groupsclaim, ...vouchedBy(nameclaim)];
    const isComplete = wanted.every((claim) => claims[claim] !== undefined);
    if (isComplete || configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
    return { ...(await fetchUserInfo(configuration, accessToken, claims.sub)), ...claims };
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  type CustomFetch,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
} from 'openid-client';
import type { RegistryError } from '../../registry/oci/errors.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { Shared } from '../../registry/runtime/shared.ts';
import { untilAborted } from '../../registry/runtime/waiting.ts';
import { reasonOf, unreachable } from './failures.ts';

export interface ProviderOptions {
  /** Exactly as the provider spells it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a public client, which only PKCE protects. */
  readonly clientSecret: string | undefined;
  readonly timeoutMs: number;
  readonly fetch: CustomFetch;
  readonly logger: Log;
}

/** How long metadata is used; providers hardly ever change their endpoints. */
const LEARN_EVERY_MS = 3_600_000;
/** Pause after a failure. */
const RETRY_AFTER_MS = 1000;
/** Allowed difference of the provider's clock and ours. */
const CLOCK_TOLERANCE_SECONDS = 30;

/**
 * A provider's metadata (OpenID Connect Discovery): read when first needed, and again from time to time. A provider that
 * is down affects only logins, which work again as soon as it is up.
 */
export class Provider {
  readonly #options: ProviderOptions;
  #known: { readonly configuration: Configuration; readonly atMs: number } | undefined;
  readonly #learning = new Shared(() => this.#learn());
  #failed: { readonly error: RegistryError; readonly atMs: number } | undefined;

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  /** Throws UNAVAILABLE when the provider does not answer as it should. */
  async configuration(signal: AbortSignal): Promise<Configuration> {
    const now = performance.now();
    const isFresh = this.#known && now - this.#known.atMs < LEARN_EVERY_MS;
    const isLeftAlone = this.#failed && now - this.#failed.atMs < RETRY_AFTER_MS;
    // The caller may have gone, or has what was known before.
    if (!isFresh && !isLeftAlone) this.#learning.run().catch(() => undefined);
    if (this.#known) return this.#known.configuration;
    if (this.#learning.running) return untilAborted(this.#learning.running, signal);
    throw this.#failed?.error ?? unreachable(this.#options.issuer);
  }

  async #learn(): Promise<Configuration> {
    const { issuer, clientId, clientSecret, timeoutMs, fetch, logger } = this.#options;
    try {
      const configuration = await discovery(
        new URL(issuer),
        clientId,
        { [clockTolerance]: CLOCK_TOLERANCE_SECONDS },
        clientSecret === undefined ? None() : secretAuth(clientSecret),
        {
          timeout: timeoutMs / 1000,
          [customFetch]: fetch,
          execute: [
            // Verify the signature too, instead of relying on TLS.
            enableNonRepudiationChecks,
            // The configuration allows plain HTTP only on loopback.
            ...(new URL(issuer).protocol === 'http:' ? [allowInsecureRequests] : []),
          ],
        },
      );
      this.#known = { configuration, atMs: performance.now() };
      this.#failed = undefined;
      return configuration;
    } catch (error) {
      const failure = unreachable(issuer, error);
      this.#failed = { error: failure, atMs: performance.now() };
      logger.warn(
        { issuer, reason: reasonOf(error) },
        'cannot read the metadata of the OpenID provider: logins in a browser fail until it answers',
      );
      throw failure;
    }
  }
}

/** The method that the provider supports; Basic if it names none (OpenID Connect Discovery, section 3). */
function secretAuth(secret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const isPost = !methods.includes('client_secret_basic') && methods.includes('client_secret_post');
    return (isPost ? post : basic)(server, client, body, headers);
  };
}

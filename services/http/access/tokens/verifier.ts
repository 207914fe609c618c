import { hash } from 'node:crypto';
import { type JWTHeaderParameters, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../../../registry/access/grants.ts';
import { RegistryError } from '../../../registry/oci/errors.ts';
import { ClaimsSchema, principalOf } from './claims.ts';
import type { TrustedKey, TrustedKeys } from './trusted-keys.ts';

export interface VerifierOptions {
  readonly keys: TrustedKeys;
  readonly issuer: string;
  /** This registry's name: it has to be among the token's audiences. */
  readonly audience: string;
  /** The only accepted signature algorithms. */
  readonly algorithms: readonly string[];
}

/** Allowed difference of clocks, as in Distribution (registry/auth/token/token.go, `Leeway`). */
const LEEWAY_SECONDS = 60;
/** What headers can hold; our own tokens for one repository are below 1 KB. */
const TOKEN_MAX_CHARACTERS = 32 * 1024;
/** Limit for the cache of verified tokens. */
const REMEMBERED_MAX_CHARACTERS = 32 * 1024 * 1024;
/** The cost of a cache entry in addition to its token. */
const REMEMBERING_CHARACTERS = 1024;

/** Why a token is refused. The cause is for the log; the message says nothing about keys, and nothing that the token does not. */
export class InvalidTokenError extends Error {}

interface Known {
  readonly principal: Principal;
  readonly endsAtMs: number;
  readonly sizeCharacters: number;
}

/**
 * Verifies tokens (JSON Web Tokens, RFC 7519) by keys in memory. The result is cached until the token expires or the keys
 * change, so that only the first of a client's requests costs a signature check.
 *
 * Keys come only from our configuration or store: a header's `kid` chooses one of them, its `x5c` has to lead to one, and
 * `jwk`, `jku` and `x5u`, which would bring a key, are ignored.
 */
export class TokenVerifier {
  readonly #options: VerifierOptions;
  readonly #known = new LRUCache<string, Known>({
    maxSize: REMEMBERED_MAX_CHARACTERS,
    sizeCalculation: ({ sizeCharacters }) => sizeCharacters,
  });
  readonly #verifying = new Map<string, Promise<Principal>>();
  #generation = 0;

  constructor(options: VerifierOptions) {
    this.#options = options;
    options.keys.onChange(() => {
      this.#generation++;
      this.#known.clear();
    });
  }

  /**
   * The principal of a token, synchronously if it is cached. Throws or rejects with {@link InvalidTokenError}, and with
   * UNAVAILABLE when its key is unknown and new keys cannot be looked up.
   */
  verify(token: string): Principal | Promise<Principal> {
    if (token.length > TOKEN_MAX_CHARACTERS) throw new InvalidTokenError('the token is too long');
    const id = hash('sha256', token, 'base64');
    const known = this.#known.get(id);
    if (known !== undefined && Date.now() < known.endsAtMs) return known.principal;
    let verifying = this.#verifying.get(id);
    if (verifying === undefined) {
      verifying = this.#verify(token, id).finally(() => this.#verifying.delete(id));
      this.#verifying.set(id, verifying);
    }
    return verifying;
  }

  async #verify(token: string, id: string): Promise<Principal> {
    const { issuer, audience, algorithms } = this.#options;
    const generation = this.#generation;
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keyFor(header), {
        ...{ issuer, audience, clockTolerance: LEEWAY_SECONDS },
        algorithms: [...algorithms],
        requiredClaims: ['exp'],
      });
      const claims = ClaimsSchema.parse(payload);
      const principal = principalOf(claims);
      // The keys may have changed during the check.
      if (generation === this.#generation)
        this.#known.set(id, {
          principal,
          endsAtMs: (claims.exp + LEEWAY_SECONDS) * 1000,
          sizeCharacters: token.length + REMEMBERING_CHARACTERS,
        });
      return principal;
    } catch (error) {
      if (error instanceof RegistryError) throw error;
      throw new InvalidTokenError('the token is not valid (any more)', { cause: error });
    }
  }

  async #keyFor(header: JWTHeaderParameters) {
    const found = this.#find(header) ?? (await this.#findNew(header));
    if (found?.algorithms.includes(header.alg)) return found.key;
    throw new InvalidTokenError('the token is signed by an unknown key');
  }

  async #findNew(header: JWTHeaderParameters): Promise<TrustedKey | undefined> {
    if (typeof header.kid !== 'string' || this.#options.keys.refresh === undefined) return undefined;
    try {
      await this.#options.keys.refresh();
    } catch (cause) {
      const message = 'the key that signed this token is not known to this node yet; retry in a few seconds';
      throw new RegistryError('UNAVAILABLE', message, undefined, cause);
    }
    return this.#find(header);
  }

  #find({ kid, x5c }: JWTHeaderParameters): TrustedKey | undefined {
    const { keys } = this.#options;
    if (Array.isArray(x5c) && x5c.length > 0 && keys.findCertified) return keys.findCertified(x5c);
    return typeof kid === 'string' ? keys.find(kid) : undefined;
  }
}

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
  /** What this registry is called: the token has to name it, among others or alone. */
  readonly audience: string;
  /** The only signatures that are taken. */
  readonly algorithms: readonly string[];
}

/** Clocks may disagree by so much; Distribution allows as much (registry/auth/token/token.go, `Leeway`). */
const LEEWAY_SECONDS = 60;
/** Our own are below a kilobyte for one repository; this is what headers can hold. */
const TOKEN_MAX_CHARACTERS = 32 * 1024;
/** What was verified is remembered, in so many characters of tokens. */
const REMEMBERED_MAX_CHARACTERS = 32 * 1024 * 1024;
/** What remembering one costs beside it. */
const REMEMBERING_CHARACTERS = 1024;

/** Why a token is not taken; the cause is for the log. The message tells nothing of keys, and nothing that the token itself does not say. */
export class InvalidTokenError extends Error {}

interface Known {
  readonly principal: Principal;
  readonly endsAtMs: number;
  readonly sizeCharacters: number;
}

/**
 * Checks tokens (JSON Web Tokens, RFC 7519) by keys in memory. What was checked is remembered until the token ends or
 * the keys change, so that of a client's many requests only the first one costs a signature.
 *
 * Keys come from our own configuration or store and from nowhere else: of a header, `kid` chooses one of them, `x5c` has
 * to lead to one, and `jwk`, `jku` and `x5u`, which would bring a key along, are not looked at.
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
   * Whose token it is, at once if that is known. Throws or rejects with {@link InvalidTokenError}, and with UNAVAILABLE
   * when its key is unknown and keys cannot be looked for.
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
      // Keys may have changed meanwhile, and this one with them.
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
    const found = this.#find(header) ?? (await this.#findAnew(header));
    if (found?.algorithms.includes(header.alg)) return found.key;
    throw new InvalidTokenError('the token is signed by a key that is not known here');
  }

  async #findAnew(header: JWTHeaderParameters): Promise<TrustedKey | undefined> {
    if (typeof header.kid !== 'string' || this.#options.keys.refresh === undefined) return undefined;
    try {
      await this.#options.keys.refresh();
    } catch (cause) {
      const message =
        'whether the token is good cannot be told now: its key is a new one; try again in a while';
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

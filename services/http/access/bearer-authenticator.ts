import { type AccessRequest, printScopes } from '../../registry/access/access-request.ts';
import { anonymousGrants } from '../../registry/access/anonymous-grants.ts';
import type { Grants, Principal } from '../../registry/access/grants.ts';
import type { AccessRules } from '../../registry/access/rules.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import type { Context } from '../context.ts';
import { type Authenticator, firstDenied } from './authenticator.ts';
import { challenge } from './challenge.ts';
import { InvalidTokenError, type TokenVerifier } from './tokens/verifier.ts';

export interface BearerAuthenticatorOptions {
  readonly verifier: TokenVerifier;
  /** What the anonymous may do; undefined for nothing. */
  readonly rules: AccessRules | undefined;
  /** Where clients get tokens, as the client of this request reaches it. */
  readonly realmOf: (ctx: Context) => string;
  readonly service: string;
}

/**
 * Authenticates by bearer tokens (docs/spec/auth/token.md of Distribution), and lets anonymous clients in where the rules
 * do. A refusal says where to get a token, and for which scope.
 */
export class BearerAuthenticator implements Authenticator {
  readonly #options: BearerAuthenticatorOptions;

  constructor(options: BearerAuthenticatorOptions) {
    this.#options = options;
  }

  async authorize(ctx: Context, wanted: readonly AccessRequest[]): Promise<Principal> {
    const { authorization } = ctx.req.headers;
    if (authorization === undefined) return this.#admitAnonymous(ctx, wanted);
    const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    // Only the token service takes a name and a password.
    if (token === undefined) throw this.#refusal(ctx, wanted);
    let principal: Principal;
    try {
      principal = await this.#options.verifier.verify(token);
    } catch (error) {
      throw this.#invalid(ctx, wanted, error);
    }
    return this.#admitKnown(ctx, wanted, principal);
  }

  anonymous(address: string): Grants {
    return anonymousGrants(this.#options.rules, address);
  }

  #admitAnonymous(ctx: Context, wanted: readonly AccessRequest[]): Principal {
    const principal: Principal = { kind: 'anonymous', name: '', ...this.anonymous(ctx.state.clientAddress) };
    // Nothing wanted (`/v2/`): the challenge is how clients learn that there are tokens.
    if (wanted.length === 0 || firstDenied(ctx, principal, wanted)) throw this.#refusal(ctx, wanted);
    return principal;
  }

  #admitKnown(ctx: Context, wanted: readonly AccessRequest[], principal: Principal): Principal {
    if (firstDenied(ctx, principal, wanted) === undefined) return principal;
    ctx.state.logFields['user'] = principal.name;
    // 401 as in Distribution, where RFC 6750 has 403: clients then ask for another token.
    throw this.#refusal(
      ctx,
      wanted,
      'insufficient_scope',
      'the token does not allow this, which requires one for',
    );
  }

  #invalid(ctx: Context, wanted: readonly AccessRequest[], error: unknown): unknown {
    if (!(error instanceof InvalidTokenError)) return error;
    ctx.state.logFields['token'] = reasonOf(error);
    return this.#refusal(
      ctx,
      wanted,
      'invalid_token',
      'the token is not valid (any more); this requires one for',
    );
  }

  #refusal(
    ctx: Context,
    wanted: readonly AccessRequest[],
    error?: string,
    message = 'this requires a token for',
  ): Error {
    const { realmOf, service } = this.#options;
    const scope = printScopes(wanted.flatMap(withItsPull)) || undefined;
    challenge(ctx, 'Bearer', { realm: realmOf(ctx), service, scope, error });
    return new RegistryError(
      'UNAUTHORIZED',
      `${message} ${scope ?? 'this registry'}; clients get one after: docker login`,
    );
  }
}

/** A client that pushes also reads, with the same token: Distribution asks for both. */
function withItsPull(wanted: AccessRequest): AccessRequest[] {
  if (wanted.type !== 'repository' || wanted.action !== 'push') return [wanted];
  return [{ ...wanted, action: 'pull' }, wanted];
}

/** For the log: what was wrong, by jose's error code if there is one. */
function reasonOf(error: InvalidTokenError): string {
  const { code, message } = (error.cause ?? error) as { code?: string; message?: string };
  return (code ?? message ?? '').slice(0, 100);
}

import type { AccessRequest } from '../../registry/access/access-request.ts';
import type { Accounts } from '../../registry/access/accounts.ts';
import { anonymousGrants } from '../../registry/access/anonymous-grants.ts';
import { EVERYTHING, type Grants, grantsBy, type Principal } from '../../registry/access/grants.ts';
import type { LoginGuard } from '../../registry/access/login-guard/guard.ts';
import type { AccessRules } from '../../registry/access/rules.ts';
import { ANONYMOUS, type Identity } from '../../registry/access/subject.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import type { Context } from '../context.ts';
import { type Authenticator, firstDenied } from './authenticator.ts';
import { basicCredentials, isNobody } from './basic-credentials.ts';
import { challenge } from './challenge.ts';
import type { PassUrlOf } from './pass-url.ts';
import type { Passes } from './passes.ts';

export interface BasicAuthenticatorOptions {
  readonly accounts: Accounts;
  /** The guard of every password check. */
  readonly logins: LoginGuard;
  readonly realm: string;
  /** Undefined: known accounts may do everything, and the anonymous nothing, as in Distribution. */
  readonly rules: AccessRules | undefined;
  /** For docker, where the anonymous may do something. Without it, or without a URL, docker gets a Basic challenge. */
  readonly passes?: { readonly passes: Passes; readonly urlOf: PassUrlOf } | undefined;
}

/** Time limit for the sources of accounts. */
const ACCOUNTS_TIMEOUT_MS = 20_000;

/** docker's daemon. BuildKit's and containerd's clients do not ask for `/v2/` first. */
const DOCKER = /^docker\//;

/** Authenticates each request by a name and a password (`auth.htpasswd`). */
export class BasicAuthenticator implements Authenticator {
  readonly #options: BasicAuthenticatorOptions;

  constructor(options: BasicAuthenticatorOptions) {
    this.#options = options;
  }

  async authorize(ctx: Context, wanted: readonly AccessRequest[]): Promise<Principal> {
    const { authorization: sent = '' } = ctx.req.headers;
    const authorization = this.#options.passes?.passes.read(sent, Date.now()) ?? sent;
    if (authorization === '' || isNobody(authorization)) {
      const principal = this.#admitAnonymous(ctx, wanted);
      if (sent === '' && wanted.length === 0) this.#inviteCredentials(ctx);
      return principal;
    }
    return this.#admitKnown(ctx, wanted, await this.#authenticate(ctx, authorization));
  }

  anonymous(address: string): Grants {
    return anonymousGrants(this.#options.rules, address);
  }

  async #authenticate(ctx: Context, authorization: string): Promise<Identity> {
    const credentials = basicCredentials(authorization);
    if (credentials === undefined) throw this.#refusal(ctx, 'send a name and a password');
    const { username: account, password } = credentials;
    const signal = AbortSignal.timeout(ACCOUNTS_TIMEOUT_MS);
    const { accounts, logins } = this.#options;
    // Nothing is remembered before the guard: a guess that has to wait must not learn that it was right.
    const answer = await logins.attempt({ account, address: ctx.state.clientAddress }, password, (priority) =>
      accounts.authenticate({ ...credentials, priority }, signal),
    );
    if (answer.outcome !== 'known') throw this.#refusal(ctx, 'the name or the password is wrong');
    return answer.identity;
  }

  #admitKnown(ctx: Context, wanted: readonly AccessRequest[], identity: Identity): Principal {
    const principal = this.#principal(ctx, identity);
    ctx.state.logFields['user'] = principal.name;
    const denied = firstDenied(ctx, principal, wanted);
    if (denied) throw refusalTo(principal, denied);
    return principal;
  }

  #admitAnonymous(ctx: Context, wanted: readonly AccessRequest[]): Principal {
    const { rules } = this.#options;
    const principal = rules && this.#principal(ctx, ANONYMOUS);
    if (principal === undefined || !this.#mayPass(ctx, principal, wanted))
      throw this.#refusal(ctx, 'this requires a name and a password; clients send them after: docker login');
    return principal;
  }

  /**
   * Clients decide at `/v2/` whether to send credentials. podman and skopeo read the challenge of a 200, and then send what
   * they have with each request. docker reads only that of a 401, so it is sent for a pass first; where there is no safe
   * URL for one, it gets a Basic challenge, and cannot pull without a login.
   */
  #inviteCredentials(ctx: Context): void {
    if (!DOCKER.test(ctx.get('user-agent'))) {
      this.#challenge(ctx);
      return;
    }
    const realm = this.#options.passes?.urlOf(ctx);
    if (realm === undefined) throw this.#refusal(ctx, 'docker has to log in to this registry: docker login');
    challenge(ctx, 'Bearer', { realm, service: this.#options.realm });
    throw new RegistryError(
      'UNAUTHORIZED',
      'get a token first, with or without a password, from the realm of this challenge',
    );
  }

  /** At `/v2/` nothing is wanted, and anonymous clients give up at a 401: those that may do anything at all may pass. */
  #mayPass(ctx: Context, principal: Principal, wanted: readonly AccessRequest[]): boolean {
    if (wanted.length > 0) return firstDenied(ctx, principal, wanted) === undefined;
    return this.#options.rules?.allowsAnything({ ...ANONYMOUS, address: ctx.state.clientAddress }) ?? false;
  }

  #principal(ctx: Context, identity: Identity): Principal {
    const { rules } = this.#options;
    const { kind, name } = identity;
    if (rules === undefined) return { kind, name, ...EVERYTHING };
    const subject = { ...identity, address: ctx.state.clientAddress };
    return { kind, name, ...grantsBy((wanted) => rules.decide(subject, wanted)) };
  }

  #refusal(ctx: Context, message: string): RegistryError {
    this.#challenge(ctx);
    return new RegistryError('UNAUTHORIZED', message);
  }

  #challenge(ctx: Context): void {
    challenge(ctx, 'Basic', { realm: this.#options.realm, charset: 'UTF-8' });
  }
}

/**
 * Not a 401: the same credentials would not help. A client that may not read a repository gets the answer for one that
 * does not exist.
 */
function refusalTo(principal: Principal, denied: AccessRequest): RegistryError {
  if (denied.type === 'repository' && denied.action === 'pull')
    return new RegistryError('NAME_UNKNOWN', `there is no repository ${denied.name} here that you may see`);
  return new RegistryError('DENIED', `the rules of this registry do not allow ${principal.name} to do this`);
}

import type { Accounts } from '../../registry/access/accounts.ts';
import { EVERYTHING, type Principal } from '../../registry/access/grants.ts';
import type { LoginGuard } from '../../registry/access/login-guard.ts';
import type { AccessRules } from '../../registry/access/rules.ts';
import { ANONYMOUS, type Identity } from '../../registry/access/subject.ts';
import type { Wanted } from '../../registry/access/wanted.ts';
import { RegistryError } from '../../registry/errors.ts';
import type { Context } from '../app.ts';
import { basicCredentials } from './basic-credentials.ts';
import { challenge, unauthorized } from './challenge.ts';
import { type Door, firstDenied } from './door.ts';

export interface BasicDoorOptions {
  readonly accounts: Accounts;
  /** Stands before every look at a password. */
  readonly logins: LoginGuard;
  readonly realm: string;
  /** Undefined: whoever is known may do everything, and the anonymous nothing, as in Distribution. */
  readonly rules: AccessRules | undefined;
}

/** A source of accounts has so long to answer. */
const ACCOUNTS_TIMEOUT_MS = 20_000;

/** Asks for a name and a password with each request (`auth.htpasswd`). */
export class BasicDoor implements Door {
  readonly #options: BasicDoorOptions;

  constructor(options: BasicDoorOptions) {
    this.#options = options;
  }

  async admit(ctx: Context, wanted: readonly Wanted[]): Promise<Principal> {
    const { authorization } = ctx.req.headers;
    if (authorization === undefined) return this.#admitAnonymous(ctx, wanted);
    const credentials = basicCredentials(authorization);
    if (credentials === undefined) throw this.#refusal(ctx, 'send a name and a password');
    const signal = AbortSignal.timeout(ACCOUNTS_TIMEOUT_MS);
    const { accounts, logins } = this.#options;
    const who = { account: credentials.username, address: ctx.state.clientAddress };
    const answer = await logins.attempt(who, credentials.password, () =>
      accounts.authenticate(credentials, signal),
    );
    if (answer.outcome === 'unknown') throw this.#refusal(ctx, 'the name or the password is wrong');
    const principal = this.#principal(ctx, answer.identity);
    ctx.state.facts['user'] = principal.name;
    const denied = firstDenied(ctx, principal, wanted);
    if (denied) throw refusalTo(principal, denied);
    return principal;
  }

  #admitAnonymous(ctx: Context, wanted: readonly Wanted[]): Principal {
    const { rules } = this.#options;
    const principal = rules && this.#principal(ctx, ANONYMOUS);
    if (principal === undefined || wanted.length === 0 || firstDenied(ctx, principal, wanted))
      throw this.#refusal(ctx, 'this takes a name and a password; clients send them after: docker login');
    return principal;
  }

  #principal(ctx: Context, identity: Identity): Principal {
    const { rules } = this.#options;
    const { kind, name } = identity;
    if (rules === undefined) return { kind, name, ...EVERYTHING };
    const subject = { ...identity, address: ctx.state.clientAddress };
    return { kind, name, decide: (wanted) => rules.decide(subject, wanted) };
  }

  #refusal(ctx: Context, message: string): RegistryError {
    challenge(ctx, 'Basic', { realm: this.#options.realm, charset: 'UTF-8' });
    return unauthorized(message);
  }
}

/**
 * Asking again with the same credentials would not help, so it is no 401. Who may not look is told what is told of
 * repositories that do not exist.
 */
function refusalTo(principal: Principal, denied: Wanted): RegistryError {
  if (denied.type === 'repository' && denied.action === 'pull')
    return new RegistryError('NAME_UNKNOWN', `there is no repository ${denied.name} here that you may see`);
  return new RegistryError('DENIED', `the rules of this registry do not allow ${principal.name} to do this`);
}

import { challenge } from '../http/access/challenge.ts';
import type { RouteContext } from '../http/context.ts';
import { sendJson } from '../http/json.ts';
import type { Authentication } from '../registry/access/account.ts';
import type { Accounts } from '../registry/access/accounts.ts';
import type { Signer } from '../registry/access/keys/signing-key.ts';
import type { LoginGuard } from '../registry/access/login-guard/guard.ts';
import { ANONYMOUS } from '../registry/access/subject.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import { type Granted, type GrantingRules, grant, printGranted } from './grant.ts';
import type { TokenMetrics } from './metrics.ts';
import { endedRefreshToken, type RefreshTokens } from './refresh-tokens.ts';
import { type Proof, readGet, readPost, type TokenRequest } from './request.ts';
import { signToken } from './sign.ts';

/** What the token service's endpoints work with; made once in `app.ts`. */
export interface TokenService extends GrantingRules {
  readonly accounts: Accounts;
  /** The guard of every password check. */
  readonly logins: LoginGuard;
  readonly signer: Signer;
  readonly refreshTokens: RefreshTokens;
  readonly issuer: string;
  /** The registry that tokens are for unless the request names one of `otherServices`. */
  readonly service: string;
  readonly otherServices: readonly string[];
  readonly tokenLifetimeMs: number;
  readonly metrics: TokenMetrics;
  /** Where people get a password in a browser; undefined where that is not configured. */
  readonly loginUrlOf: ((ctx: RouteContext) => string) | undefined;
}

/** Time limit for the sources of accounts. */
const ACCOUNTS_TIMEOUT_MS = 20_000;

/** GET: a token for the requested scopes, as far as the rules allow them; an anonymous one without a password. */
export async function getToken(service: TokenService, ctx: RouteContext): Promise<void> {
  const { token, granted: _, ...rest } = await issue(service, ctx, () => readGet(ctx));
  // Both names: older clients read the first, newer ones the second.
  sendJson(ctx, 200, { token, access_token: token, ...rest });
}

/** POST: the same in OAuth 2.0's form. */
export async function postToken(service: TokenService, ctx: RouteContext): Promise<void> {
  const { token, granted, ...rest } = await issue(service, ctx, () => readPost(ctx));
  sendJson(ctx, 200, { access_token: token, token_type: 'Bearer', scope: printGranted(granted), ...rest });
}

interface Issued {
  readonly token: string;
  readonly granted: Granted;
  readonly expires_in: number;
  readonly issued_at: string;
  readonly refresh_token?: string;
}

async function issue(
  service: TokenService,
  ctx: RouteContext,
  read: () => TokenRequest | Promise<TokenRequest>,
): Promise<Issued> {
  let proof: Proof['kind'] | 'unreadable' = 'unreadable';
  try {
    const request = await read();
    proof = request.proof.kind;
    const audience = audienceOf(service, request);
    const { identity, refresh } = await authenticate(service, request.proof, ctx);
    if (identity.name !== '') ctx.state.logFields['user'] = identity.name;
    const subject = { ...identity, address: ctx.state.clientAddress };
    const granted = grant(service, subject, request.scopes);
    const issuedAt = new Date();
    const lifetimeMs = service.tokenLifetimeMs;
    const token = await signToken(service.signer.current(), {
      ...{ issuer: service.issuer, service: audience, identity, granted, issuedAt, lifetimeMs },
    });
    service.metrics.issued(request.proof.kind);
    ctx.state.logFields['granted'] = printGranted(granted).slice(0, 500);
    return {
      ...{ token, granted, issued_at: issuedAt.toISOString() },
      expires_in: Math.ceil(lifetimeMs / 1000),
      ...(request.isOffline &&
        refresh && { refresh_token: service.refreshTokens.make(identity.name, refresh, issuedAt) }),
    };
  } catch (error) {
    service.metrics.refused(proof, error);
    if (error instanceof RegistryError && error.kind === 'UNAUTHORIZED')
      challenge(ctx, 'Basic', { realm: service.service, charset: 'UTF-8' });
    throw error;
  }
}

function audienceOf({ service, otherServices }: TokenService, request: TokenRequest): string {
  const asked = request.service ?? service;
  if (asked === service || otherServices.includes(asked)) return asked;
  throw new RegistryError(
    'PARAMETER_INVALID',
    `unknown service ${asked.slice(0, 200)}: this token service makes tokens for ${service}`,
  );
}

type Known = Omit<Authentication & { outcome: 'known' }, 'outcome'>;

async function authenticate(service: TokenService, proof: Proof, ctx: RouteContext): Promise<Known> {
  const { accounts, logins, refreshTokens, loginUrlOf } = service;
  const { clientAddress: address } = ctx.state;
  const signal = AbortSignal.timeout(ACCOUNTS_TIMEOUT_MS);
  switch (proof.kind) {
    case 'none':
      return { identity: ANONYMOUS };
    case 'password': {
      const { username: account, password } = proof.credentials;
      const answer = await logins.attempt({ account, address }, password, (priority) =>
        accounts.authenticate({ ...proof.credentials, priority }, signal),
      );
      if (answer.outcome === 'known') return answer;
      const hint = loginUrlOf ? `, or has expired; get a new one at ${loginUrlOf(ctx)}` : '';
      throw new RegistryError('UNAUTHORIZED', `the name or the password is wrong${hint}`);
    }
    case 'refresh-token': {
      const { account, seed } = refreshTokens.read(proof.refreshToken, new Date());
      const answer = await accounts.refresh(seed, signal);
      if (answer.outcome === 'known' && answer.identity.name === account) return answer;
      throw endedRefreshToken();
    }
  }
}

import { basicCredentials, isNobody } from '../http/access/basic-credentials.ts';
import { readBody } from '../http/body.ts';
import type { RouteContext } from '../http/context.ts';
import { query, queryAll } from '../http/parameters.ts';
import type { Credentials } from '../registry/access/account.ts';
import { RegistryError } from '../registry/oci/errors.ts';

/** How a client proves its identity. */
export type Proof =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly credentials: Credentials }
  | { readonly kind: 'refresh-token'; readonly refreshToken: string };

/** A request for a token, in either of its two forms. */
export interface TokenRequest {
  readonly proof: Proof;
  /** The registry that the token is for; undefined for this one. */
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  /** Whether a refresh token is wanted as well. */
  readonly isOffline: boolean;
}

const BODY_MAX_BYTES = 64 * 1024;

/** GET, with or without `Authorization: Basic` (docs/spec/auth/token.md of Distribution). */
export function readGet(ctx: RouteContext): TokenRequest {
  const { authorization: sent } = ctx.req.headers;
  const authorization = sent !== undefined && isNobody(sent) ? undefined : sent;
  const credentials = authorization === undefined ? undefined : basicCredentials(authorization);
  if (authorization !== undefined && credentials === undefined)
    throw new RegistryError(
      'UNAUTHORIZED',
      'send a name and a password as Authorization: Basic, in UTF-8, or nothing to be anonymous',
    );
  return {
    proof: credentials ? { kind: 'password', credentials } : { kind: 'none' },
    service: query(ctx, 'service') || undefined,
    scopes: queryAll(ctx, 'scope'),
    isOffline: query(ctx, 'offline_token') === 'true',
  };
}

/** POST of a form (docs/spec/auth/oauth.md of Distribution; RFC 6749, sections 4.3 and 6). */
export async function readPost(ctx: RouteContext): Promise<TokenRequest> {
  const form = await readForm(ctx);
  const field = (name: string): string => {
    const [value = '', ...more] = form.getAll(name);
    if (more.length > 0) throw new RegistryError('PARAMETER_INVALID', `field ${name} is given twice`);
    return value;
  };
  return {
    proof: proofOf(field),
    service: field('service') || undefined,
    scopes: form.getAll('scope'),
    isOffline: field('access_type') === 'offline',
  };
}

function proofOf(field: (name: string) => string): Proof {
  const [grantType, refreshToken] = [field('grant_type'), field('refresh_token')];
  switch (grantType) {
    case 'password':
      return {
        kind: 'password',
        credentials: { username: field('username'), password: field('password') },
      };
    case 'refresh_token':
      return { kind: 'refresh-token', refreshToken };
    default:
      throw new RegistryError(
        'PARAMETER_INVALID',
        'field grant_type: expected password (with username and password) or refresh_token (with refresh_token)',
      );
  }
}

async function readForm(ctx: RouteContext): Promise<URLSearchParams> {
  const [type = ''] = ctx.get('content-type').split(';');
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    throw new RegistryError('MEDIA_TYPE_UNSUPPORTED', 'send the form as application/x-www-form-urlencoded');
  const bytes = await readBody(
    ctx.req,
    BODY_MAX_BYTES,
    () => new RegistryError('PARAMETER_INVALID', `the form may have at most ${BODY_MAX_BYTES} bytes`),
  );
  return new URLSearchParams(bytes.toString('utf8'));
}

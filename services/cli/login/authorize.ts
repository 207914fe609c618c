import { request } from 'undici';
import { z } from 'zod';
import { isLoopback } from '../../registry/access/networks.ts';
import { ReleaseError } from '../release-error.ts';
import { unreached } from '../unreached.ts';
import type { Login } from './identity.ts';

/** What a registry asks for with a 401. */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads `WWW-Authenticate`; undefined for a scheme other than Basic and Bearer. */
export function readChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^(\w+) (.*)$/.exec(header ?? '') ?? [];
  const lower = scheme.toLowerCase();
  if (lower !== 'basic' && lower !== 'bearer') return undefined;
  const found = rest.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return {
    scheme: lower,
    parameters: new Map(
      [...found].map(([, name = '', value = '']) => [name, value.replaceAll(/\\(.)/g, '$1')]),
    ),
  };
}

/** The `Authorization` header that answers a challenge. Throws {@link ReleaseError} if the login is refused. */
export async function authorize(challenge: Challenge, login: Login): Promise<string> {
  if (challenge.scheme === 'bearer') return `Bearer ${await fetchToken(challenge, login)}`;
  if (login.kind === 'password') return basic(login.username, login.password);
  throw new ReleaseError(
    'UNAUTHORIZED',
    'this registry needs a name and a password, but the stored login is a token: log in again',
  );
}

const TokenBody = z
  .object({ token: z.string().optional(), access_token: z.string().optional() })
  .transform(({ token, access_token }) => token ?? access_token)
  .pipe(z.string().min(1));

async function fetchToken({ parameters }: Challenge, login: Login): Promise<string> {
  const realm = URL.parse(parameters.get('realm') ?? '');
  if (!realm || !isSafe(realm))
    throw new ReleaseError(
      'UNAUTHORIZED',
      `the registry sends logins to ${parameters.get('realm') ?? 'nowhere'}: expected an https URL`,
    );
  const asked = ['service', 'scope'].flatMap((name) => {
    const value = parameters.get(name);
    return value === undefined ? [] : [[name, value] as [string, string]];
  });
  const response = await ask(realm, asked, login).catch((error: unknown) => {
    throw new ReleaseError('UNAVAILABLE', unreached('token service', realm.origin, error));
  });
  const body: unknown = await response.body.json().catch(() => undefined);
  const token = TokenBody.safeParse(body);
  if (response.statusCode === 200 && token.success) return token.data;
  const refusal = z.object({ errors: z.array(z.object({ message: z.string() })).min(1) }).safeParse(body);
  const message = refusal.success ? refusal.data.errors[0]?.message : `it answered ${response.statusCode}`;
  throw new ReleaseError(
    'UNAUTHORIZED',
    `no token from ${realm.origin} for ${login.username || 'this login'}: ${message}`,
  );
}

function ask(realm: URL, asked: readonly [string, string][], login: Login) {
  if (login.kind === 'refresh-token')
    return request(realm, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams([
        ['grant_type', 'refresh_token'],
        ['refresh_token', login.refreshToken],
        ['client_id', 'roadstead'],
        ...asked,
      ]).toString(),
    });
  for (const [name, value] of asked) realm.searchParams.append(name, value);
  return request(realm, { headers: { authorization: basic(login.username, login.password) } });
}

/** Whether a password may be sent there: only where no one else can read it. */
function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

import { freePort } from '../support/ports.ts';
import { type RegistryOptions, startRegistry, type TestRegistry } from '../support/registry.ts';

/** A configuration's sections, beside those that every test's registry has. */
export type Sections = Readonly<Record<string, unknown>>;

/** A registry with a token service of its own. */
export interface Guarded extends TestRegistry {
  /** Asks as somebody, or as nobody in particular: gets a token for the scopes first. */
  as(login: Login | undefined, scope: string | readonly string[], ...request: Request): Promise<Response>;
  /** The answer of the token service. */
  logIn(login: Login | undefined, scopes?: readonly string[]): Promise<Response>;
  /** A token for the scopes; throws where there is none. */
  token(login: Login | undefined, scopes?: readonly string[]): Promise<string>;
  /** Asks with a token. */
  with(token: string, ...request: Request): Promise<Response>;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

type Request = readonly [method: string, path: string, body?: object | string];

/**
 * Starts one whose tokens are good for so long. Failed logins make nobody wait, since all of them come from here.
 */
export async function startGuarded(
  sections: Sections,
  { lifetime = '5m', ...options }: RegistryOptions & { readonly lifetime?: string } = {},
): Promise<Guarded> {
  const port = options.port ?? (await freePort());
  const realm = `http://127.0.0.1:${port}/auth/token`;
  const registry = await startRegistry({
    ...options,
    port,
    config: (config) => ({
      ...(config as Record<string, unknown>),
      http: {
        ...((config as Record<string, Record<string, unknown>>)['http'] ?? {}),
        secret: 'a secret that nobody can guess, for tests',
      },
      auth: { token: { realm, service: 'registry', issuer: 'tests' } },
      token: { lifetime },
      limits: { trustednetworks: ['127.0.0.0/8'] },
      ...sections,
    }),
  });
  const logIn: Guarded['logIn'] = (login, scopes = []) => {
    const query = new URLSearchParams({ service: 'registry' });
    for (const scope of scopes) query.append('scope', scope);
    const basic = login && Buffer.from(`${login.username}:${login.password}`).toString('base64');
    return fetch(`${realm}?${query}`, { headers: basic ? { authorization: `Basic ${basic}` } : {} });
  };
  const token: Guarded['token'] = async (login, scopes) => {
    const answer = await logIn(login, scopes);
    if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { token: string }).token;
  };
  const withToken: Guarded['with'] = (held, method, path, body) =>
    fetch(`${registry.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${held}`,
        ...(typeof body === 'object' && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return Object.assign(registry, {
    logIn,
    token,
    with: withToken,
    as: async (login: Login | undefined, scope: string | readonly string[], ...request: Request) =>
      withToken(await token(login, [scope].flat()), ...request),
  });
}

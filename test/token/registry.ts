import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { type RegistryOptions, startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

/** Everyone's password is their name and this. */
export const PASSWORD = ' knows: it, ÿes';
export const SERVICE = 'registry.test';
export const ISSUER = 'the token service';
export const SECRET = 'the same on every node, and nobody can guess it';

/** A registry that makes its tokens itself, for the people of an htpasswd file. */
export interface TokenRegistry extends AsyncDisposable {
  readonly registry: TestRegistry;
  /** The file of names and hashes. */
  readonly people: string;
  /** Writes that file: these names and no others, each with their password or another one. */
  setPeople(people: Readonly<Record<string, string>>): Promise<void>;
}

export interface TokenRegistryOptions extends Omit<RegistryOptions, 'config'> {
  /** Of the section `token`. */
  readonly token?: Readonly<Record<string, unknown>>;
  /** Of the section `auth.token`. */
  readonly auth?: Readonly<Record<string, unknown>>;
  /** Of the section `http`. */
  readonly http?: Readonly<Record<string, unknown>>;
  /** Of the file as a whole. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Whose file of people and keys this one shares. */
  readonly people?: string;
}

/** The last three are in the groups of that name. */
export const PEOPLE = ['user1', 'user2', 'builder', 'releaser', 'operator'] as const;

const hashes = new Map<string, string>();
/** Cost 4: the least that bcrypt has. */
function hashOf(password: string): string {
  const hash = hashes.get(password) ?? hashSync(password, 4);
  hashes.set(password, hash);
  return hash;
}

/** Starts one with `candidate/**` and `stable/**`, and the standard rules for people's own. */
export async function startTokenRegistry(options: TokenRegistryOptions = {}): Promise<TokenRegistry> {
  const { token, auth, http, more, ...rest } = options;
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('people'));
  const people = options.people ?? join(home.path, 'htpasswd');
  const setPeople = (all: Readonly<Record<string, string>>) =>
    writeFile(
      people,
      Object.entries(all)
        .map(([name, password]) => `${name}:${hashOf(password)}\n`)
        .join(''),
    );
  if (options.people === undefined)
    await setPeople(Object.fromEntries(PEOPLE.map((name) => [name, name + PASSWORD])));
  const registry = cleanUp.use(
    await startRegistry({
      delete: true,
      ...rest,
      config: (config) => ({
        ...config,
        http: { ...(config['http'] as object), secret: SECRET, ...http },
        auth: { token: { service: SERVICE, issuer: ISSUER, autoredirect: true, ...auth } },
        token: { ...token },
        accounts: [{ htpasswd: { path: people } }],
        access: {
          groups: {
            builders: ['user:builder'],
            releasers: ['user:releaser'],
            operators: ['user:operator'],
          },
        },
        promotion: { ...(config['promotion'] as object), stable: ['stable/**'] },
        ...more,
      }),
    }),
  );
  const held = cleanUp.move();
  return { registry, people, setPeople, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** `Authorization: Basic` of somebody, by their own password unless another is given. */
export function basic(name: string, password: string = name + PASSWORD): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** What the token service answered. */
export interface TokenAnswer {
  readonly status: number;
  readonly token: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

/** Asks for a token: GET, as somebody or nobody. */
export async function askToken(
  url: string,
  scopes: readonly string[],
  name?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  const query = new URLSearchParams([
    ['service', SERVICE],
    ...scopes.map((scope): [string, string] => ['scope', scope]),
    ...Object.entries(more),
  ]);
  const response = await fetch(`${url}/auth/token?${query}`, {
    headers: name === undefined ? {} : { authorization: basic(name) },
  });
  return answerOf(response);
}

/** Asks for a token: POST of a form. */
export async function postToken(url: string, form: Readonly<Record<string, string>>): Promise<TokenAnswer> {
  return answerOf(await fetch(`${url}/auth/token`, { method: 'POST', body: new URLSearchParams(form) }));
}

async function answerOf(response: Response): Promise<TokenAnswer> {
  const body = (await response.json()) as Record<string, unknown>;
  return {
    status: response.status,
    token: String(body['access_token'] ?? ''),
    body,
    headers: response.headers,
  };
}

/** A token's claims, unchecked. */
export function claimsOf(token: string): Record<string, unknown> {
  const [, payload = ''] = token.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
}

/** The claim `access`, as scopes. */
export function scopesOf(token: string): string[] {
  const access = claimsOf(token)['access'] as { type: string; name: string; actions: string[] }[];
  return access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`);
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

export const [NAME, PASSWORD, SERVICE] = ['alice', 'the password of alice', 'registry.test'];

/** A registry with all that has a port, for whom tokens are made and who may do everything. */
export async function startGuardedRegistry(
  http: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestRegistry> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('guarded'));
  const path = join(home.path, 'htpasswd');
  await writeFile(path, `${NAME}:${hashSync(PASSWORD, 4)}\n`);
  const registry = cleanUp.use(
    await startRegistry({
      delete: true,
      config: (config) => ({
        ...config,
        http: {
          ...(config['http'] as object),
          secret: 'a secret that nobody guesses, of many characters',
          ...http,
        },
        auth: { token: { service: SERVICE, issuer: 'us', autoredirect: true } },
        token: {},
        accounts: [{ htpasswd: { path } }],
        access: { groups: { operators: [`user:${NAME}`] } },
        ...more,
      }),
    }),
  );
  const held = cleanUp.move();
  return new Proxy(registry, {
    get: (target, name) =>
      name === Symbol.asyncDispose ? () => held.disposeAsync() : Reflect.get(target, name),
  });
}

export const BASIC = `Basic ${Buffer.from(`${NAME}:${PASSWORD}`).toString('base64')}`;

/** A token for what a scope asks. */
export async function tokenFor(url: string, ...scopes: readonly string[]): Promise<string> {
  const query = new URLSearchParams([
    ['service', SERVICE],
    ...scopes.map((scope): [string, string] => ['scope', scope]),
  ]);
  const answer = await fetch(`${url}/auth/token?${query}`, { headers: { authorization: BASIC } });
  const { token } = (await answer.json()) as { token?: string };
  if (token === undefined) throw new Error(`no token: ${answer.status}`);
  return token;
}

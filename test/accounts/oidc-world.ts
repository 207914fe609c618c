import { Browser, type Page, textOf } from '../support/browser.ts';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  type OidcProvider,
  type OidcProviderOptions,
  startOidcProvider,
} from '../support/oidc-provider.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** A registry whose people log in at a provider, both real, and both on loopback. */
export interface OidcWorld extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly provider: OidcProvider;
  readonly loginUrl: string;
  readonly callbackUrl: string;
  /** Logs somebody in at the provider, in this browser, up to where it would send the browser back. */
  toCallback(browser: Browser, login: string): Promise<string>;
  /** All of a login, as a person does it. */
  logIn(login: string, browser?: Browser): Promise<Page>;
  /** The status of the token service's answer to a name and a password, and what it grants of a scope. */
  ask(name: string, secret: string, scope?: string): Promise<TokenAnswer>;
}

export interface TokenAnswer {
  readonly status: number;
  readonly actions: readonly string[];
  /** What a client shows to whoever was refused. */
  readonly message: string | undefined;
}

export interface OidcWorldOptions {
  readonly people?: OidcProviderOptions['people'];
  readonly provider?: Partial<OidcProviderOptions>;
  /** More of the section oidc. */
  readonly oidc?: Readonly<Record<string, unknown>>;
  /** Sources of accounts that are asked before. */
  readonly before?: readonly object[];
  readonly isProviderDown?: boolean;
  /** Where others see the registry, such as `https://registry.example.org`; as it is unless given. */
  readonly publicUrl?: string;
  /** False for a plain registry, where people push to where they pull from. */
  readonly promotion?: boolean;
  /** The section access; `builders` at the provider are builders here unless given. */
  readonly access?: object;
}

export const SERVICE = 'registry.test';

export const PEOPLE = {
  alice: { preferred_username: 'alice', groups: ['staff', 'builders'] },
  bob: { preferred_username: 'bob', groups: [] },
} as const;

export async function startOidcWorld(options: OidcWorldOptions = {}): Promise<OidcWorld> {
  await using cleanUp = new AsyncDisposableStack();
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const callbackUrl = `${base}/auth/callback`;
  const provider = cleanUp.use(
    await startOidcProvider({
      people: options.people ?? PEOPLE,
      redirectUris: [callbackUrl],
      ...options.provider,
    }),
  );
  if (options.isProviderDown) await provider.stop();
  const registry = cleanUp.use(
    await startRegistry({
      port,
      promotion: options.promotion ?? true,
      config: (config) => ({
        ...config,
        http: {
          ...(config['http'] as object),
          secret: 'no secret, but as long as one: for tests only',
        },
        auth: {
          token: { realm: `${options.publicUrl ?? base}/auth/token`, service: SERVICE, issuer: SERVICE },
        },
        token: {},
        access: options.access ?? { groups: { builders: ['group:builders@oidc'] } },
        accounts: [
          ...(options.before ?? []),
          {
            oidc: {
              issuer: provider.issuer,
              clientid: CLIENT_ID,
              ...(options.provider?.clientAuth !== 'none' && { clientsecret: CLIENT_SECRET }),
              ...options.oidc,
            },
          },
        ],
      }),
    }),
  );
  const loginUrl = `${base}/auth/login`;
  const isBack = (url: string) => url.startsWith(callbackUrl);
  const toCallback = async (browser: Browser, login: string) => {
    let page = await browser.open(loginUrl, isBack);
    if (/name="login"/.test(page.body))
      page = await browser.submit(page, { login, password: 'any will do' }, isBack);
    // Consent.
    if (!isBack(page.url)) page = await browser.submit(page, {}, isBack);
    if (!isBack(page.url)) throw new Error(`the login ended at ${page.url}: ${page.body.slice(0, 2000)}`);
    return page.url;
  };
  const held = cleanUp.move();
  return {
    ...{ registry, provider, loginUrl, callbackUrl, toCallback },
    logIn: async (login, browser = new Browser()) => browser.open(await toCallback(browser, login)),
    async ask(name, secret, scope) {
      const url = new URL('/auth/token', base);
      url.searchParams.set('service', SERVICE);
      if (scope !== undefined) url.searchParams.set('scope', scope);
      const authorization = `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
      const response = await fetch(url, { headers: { authorization } });
      const body = (await response.json()) as { token?: string; errors?: { message: string }[] };
      return {
        status: response.status,
        actions: body.token === undefined ? [] : actionsIn(body.token),
        message: body.errors?.[0]?.message,
      };
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What a credential's page says: the words of its command, as a shell takes them, and what they hold. */
export async function readCredential(page: Page) {
  const command = textOf(/<pre>([\s\S]*?)<\/pre>/.exec(page.body)?.[1] ?? '');
  if (command === '') throw new Error(`no credential on the page (${page.status}): ${page.body}`);
  const { stdout } = await run('sh', ['-c', `printf '%s\\0' ${command}`]);
  const words = stdout.split('\0').slice(0, -1);
  const [, , registry = '', , name = '', , secret = ''] = words;
  return { words, registry, name, secret };
}

/** What a page says in its own words, without its style. */
export function saidBy({ body }: Page): string {
  return textOf(/<main>([\s\S]*)<\/main>/.exec(body)?.[1] ?? body).replaceAll(/\s+/g, ' ');
}

function actionsIn(token: string): readonly string[] {
  const [, payload = ''] = token.split('.');
  const { access } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
    access: { actions: string[] }[];
  };
  return access.flatMap(({ actions }) => actions);
}

import type { AccountSource } from '../registry/access/account.ts';
import { AccountSources, type Accounts } from '../registry/access/accounts.ts';
import type { BrowserLogin } from '../registry/access/browser-login.ts';
import type { Log } from '../registry/runtime/log.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import { HtpasswdSource } from './htpasswd/htpasswd-source.ts';
import { IssuedSource } from './issued/issued-source.ts';
import { type KeystoneOptions, KeystoneSource } from './keystone/keystone-source.ts';
import { OIDC_SOURCE, OidcLogin, type OidcOptions } from './oidc/oidc-login.ts';

/** One source of accounts, an item of the section `accounts`: exactly one of these is given. */
export interface AccountSourceSettings {
  readonly keystone?: KeystoneOptions | undefined;
  readonly htpasswd?: { readonly path: string } | undefined;
  readonly oidc?: OidcOptions | undefined;
}

/** What sources of accounts work with. */
export interface AccountParts {
  /** The store of robots; without it there are no robots. */
  readonly objects?: ObjectStore | undefined;
  readonly logger: Log;
}

/**
 * Opens the sources of accounts, in the order in which they are asked. Throws an Error that says what to change when one
 * cannot be used as configured. One that is unreachable now is not an error.
 */
export async function openAccounts(
  settings: readonly AccountSourceSettings[],
  parts: AccountParts,
): Promise<Accounts> {
  await using opening = new AsyncDisposableStack();
  const sources: AccountSource[] = [];
  for (const each of settings) sources.push(opening.use(await openSource(each, parts)));
  const { objects } = parts;
  const robots = objects && new IssuedSource({ name: 'robots', kind: 'robot', objects });
  opening.move();
  return new AccountSources({ robots, sources });
}

/**
 * Opens the provider of logins in a browser; undefined where the sources have none. It need not be reachable now. Throws
 * an Error that says what to change when it cannot be used as configured.
 */
export async function openBrowserLogin(
  settings: readonly AccountSourceSettings[],
  { logger }: Pick<AccountParts, 'logger'>,
): Promise<BrowserLogin | undefined> {
  const oidc = settings.find((each) => each.oidc)?.oidc;
  return oidc && OidcLogin.open(oidc, logger);
}

/** A new source joins here. */
async function openSource({ keystone, htpasswd, oidc }: AccountSourceSettings, parts: AccountParts) {
  const { objects, logger } = parts;
  if (keystone) return KeystoneSource.open(keystone, logger);
  if (htpasswd) return HtpasswdSource.open({ ...htpasswd, logger });
  // The browser asks the provider; the credentials that clients send were issued here.
  if (oidc && objects) return new IssuedSource({ name: OIDC_SOURCE, kind: 'user', objects });
  throw new Error('accounts: expected one of keystone, htpasswd and oidc');
}

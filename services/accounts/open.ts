import type { AccountSource } from '../registry/access/account.ts';
import { AccountSources, type Accounts } from '../registry/access/accounts.ts';
import type { BrowserLogin } from '../registry/access/browser-login.ts';
import type { Log } from '../registry/runtime/log.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import { HtpasswdSource } from './htpasswd/htpasswd-source.ts';
import { IssuedSource } from './issued/issued-source.ts';
import { type KeystoneOptions, KeystoneSource } from './keystone/keystone-source.ts';
import { OIDC_SOURCE, OidcLogin, type OidcOptions } from './oidc/oidc-login.ts';

/** One source of accounts, as the section `accounts` names it: exactly one of these is there. */
export interface AccountSourceSettings {
  readonly keystone?: KeystoneOptions | undefined;
  readonly htpasswd?: { readonly path: string } | undefined;
  readonly oidc?: OidcOptions | undefined;
}

/** What sources of accounts work with. */
export interface AccountParts {
  /** Where robots are kept; without it there are none. */
  readonly objects?: ObjectStore | undefined;
  readonly logger: Log;
}

/**
 * Opens the sources of accounts in the order in which they are asked. Throws an Error that says what to change when one
 * cannot be used as it is configured; one that cannot be reached now is no reason.
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
 * Opens the provider at which people log in in a browser; undefined where the sources have none. One that cannot be
 * reached now is waited for later. Throws an Error that says what to change when it cannot be used as it is configured.
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
  // The provider is asked in the browser; what clients present was issued here.
  if (oidc && objects) return new IssuedSource({ name: OIDC_SOURCE, kind: 'user', objects });
  throw new Error('accounts: expected one of keystone, htpasswd and oidc');
}

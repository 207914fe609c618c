import type { Identity } from './subject.ts';

/** What somebody presents to be known by: a name and a secret, as `docker login` takes them. */
export interface Credentials {
  readonly username: string;
  /** A password, a robot's secret, a token of Keystone; never logged. */
  readonly password: string;
}

/**
 * What a source of accounts says to credentials. `unknown` says that they are none of its own, so that the next source
 * is asked; of a wrong password it may say no more than that, since it must not tell whether there is such a user.
 */
export type Authentication =
  | { readonly outcome: 'known'; readonly identity: Identity; readonly refresh?: RefreshSeed | undefined }
  | { readonly outcome: 'unknown' };

/**
 * What a source wants to see again to say who somebody is without their password. Sealed into refresh tokens, so that
 * nothing of it is stored here.
 */
export interface RefreshSeed {
  readonly source: string;
  readonly value: string;
  /** Seconds since the epoch, where the source itself sets an end. */
  readonly expiresAt?: number | undefined;
}

/**
 * A source of accounts: Keystone, an htpasswd file, robots. Throws UNAVAILABLE when it cannot be asked. Takes as long
 * for a user that it does not know as for a wrong password.
 */
export interface AccountSource extends AsyncDisposable {
  /** Such as `keystone`: in names, records and refresh tokens. */
  readonly name: string;
  authenticate(credentials: Credentials, signal: AbortSignal): Promise<Authentication>;
  /** Who a seed of its own is for now; `unknown` when it is good no more. A source without this gives no refresh tokens. */
  refresh?(seed: RefreshSeed, signal: AbortSignal): Promise<Authentication>;
}

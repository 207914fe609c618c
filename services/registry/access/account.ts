import type { Identity } from './subject.ts';

/** A name and a secret, as `docker login` sends them. */
export interface Credentials {
  readonly username: string;
  /** A password, a robot's secret, a token of Keystone; never logged. */
  readonly password: string;
  /** @default those of a stranger */
  readonly priority?: LoginPriority | undefined;
}

/** In which order logins wait for a source that is busy. */
export interface LoginPriority {
  /** Whether the client has logged in to the account lately, or is trusted: it goes before others. */
  readonly isKnown: boolean;
  /** Where the client is: others get their turns by network. */
  readonly network: string;
}

/**
 * A source's answer to credentials. `unknown` makes the registry ask the next source. A wrong password is `unknown`,
 * too, so that the answer does not reveal whether the user exists.
 */
export type Authentication =
  | { readonly outcome: 'known'; readonly identity: Identity; readonly refresh?: RefreshSeed | undefined }
  | { readonly outcome: 'unknown' };

/**
 * Data from which a source can identify a user again without the password. It is sealed into refresh tokens and stored
 * nowhere else.
 */
export interface RefreshSeed {
  readonly source: string;
  readonly value: string;
  /** Seconds since the epoch, where the source itself sets an end. */
  readonly expiresAt?: number | undefined;
}

/**
 * A source of accounts: Keystone, an htpasswd file, robots. Throws UNAVAILABLE if it cannot be reached. Takes as long
 * for an unknown user as for a wrong password.
 */
export interface AccountSource extends AsyncDisposable {
  /** Such as `keystone`: in names, records and refresh tokens. */
  readonly name: string;
  authenticate(credentials: Credentials, signal: AbortSignal): Promise<Authentication>;
  /** The current identity of a seed; `unknown` if it is no longer valid. Absent: the source issues no refresh tokens. */
  refresh?(seed: RefreshSeed, signal: AbortSignal): Promise<Authentication>;
}

/** The sources that report groups. */
export const SOURCES_OF_GROUPS = ['keystone', 'oidc'] as const;
type SourceOfGroups = (typeof SOURCES_OF_GROUPS)[number];

/** A source's group as rules know it: `staff@oidc`. */
export function accountGroup(group: string, source: string): string {
  return `${group}@${source}`;
}

/** The source whose accounts are in a group, by the group's name in rules; undefined for a group of the configuration. */
export function sourceOfGroup(group: string): SourceOfGroups | undefined {
  return SOURCES_OF_GROUPS.find((source) => group.endsWith(accountGroup('', source)));
}

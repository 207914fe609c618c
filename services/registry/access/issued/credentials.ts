import { RegistryError } from '../../oci/errors.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { type IssuedAccount, type IssuedKind, isCurrent } from './account.ts';
import { makeSecret } from './secret.ts';
import { listVersions, readVersion, type Version, writeVersion } from './versions.ts';

/** An account, and a secret of it that nobody will be shown again. */
export interface Issued {
  readonly account: IssuedAccount;
  readonly secret: string;
  /** RFC 3339; undefined where it lasts until it is replaced. */
  readonly expiresAt: string | undefined;
}

export interface NewAccount {
  readonly kind: IssuedKind;
  readonly name: string;
  readonly groups: readonly string[];
  readonly description?: string | undefined;
  /** Who makes it, for people. */
  readonly by: string;
  /** How long the secret is good for; until it is replaced unless given. */
  readonly lifetimeMs?: number | undefined;
}

export interface Rotation {
  /** So long the secrets that there were are still good; not at all unless given. */
  readonly overlapMs?: number | undefined;
  /** How long the new one is good for; as long as the last one was meant to be unless given. */
  readonly lifetimeMs?: number | undefined;
}

/** Somebody has one for each of their machines; of more than these, the oldest goes. */
const SECRETS_MAX = 20;
/** So often a change is made anew because others change the same account, before it is given up. */
const TRIES_MAX = 50;

/**
 * Accounts whose credentials this registry issues itself, kept in its store: robots, and people whom an OpenID provider
 * vouched for. Of secrets only hashes are kept. Of changes that race, on whichever nodes, none is lost.
 */
export class IssuedCredentials {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** An account, be it revoked; undefined where there never was such a one. */
  async find(kind: IssuedKind, name: string, signal?: AbortSignal): Promise<IssuedAccount | undefined> {
    return (await readVersion(this.#objects, kind, name, signal))?.account;
  }

  /** All of a kind, by name. */
  async list(kind: IssuedKind): Promise<IssuedAccount[]> {
    const found: IssuedAccount[] = [];
    for await (const { account } of listVersions(this.#objects, kind)) found.push(account);
    return found.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Makes an account; one that was revoked comes to life again with nothing of what it had. Throws CREDENTIAL_EXISTS. */
  create(wanted: NewAccount): Promise<Issued> {
    return this.#issue(wanted.kind, wanted.name, wanted.lifetimeMs, (before, now) => {
      if (before && before.revokedAt === undefined)
        throw new RegistryError(
          'CREDENTIAL_EXISTS',
          `there is a ${wanted.kind} account ${wanted.name} already: rotate its secret, or revoke it first`,
        );
      return accountOf(wanted, now);
    });
  }

  /** Gives an account one more secret, beside those that it has, and makes it where there is none. */
  add(wanted: NewAccount): Promise<Issued> {
    return this.#issue(wanted.kind, wanted.name, wanted.lifetimeMs, (before, now) => {
      if (before === undefined || before.revokedAt !== undefined) return accountOf(wanted, now);
      return { ...before, groups: [...wanted.groups] };
    });
  }

  /** Gives an account a new secret in place of those that it has. Throws CREDENTIAL_UNKNOWN. */
  rotate(kind: IssuedKind, name: string, { overlapMs = 0, lifetimeMs }: Rotation = {}): Promise<Issued> {
    return this.#issue(kind, name, lifetimeMs, (before, now) => {
      const account = alive(before, kind, name);
      const endAt = new Date(now.getTime() + overlapMs).toISOString();
      const secrets = account.secrets.map((secret) =>
        secret.expiresAt !== undefined && secret.expiresAt < endAt ? secret : { ...secret, expiresAt: endAt },
      );
      return { ...account, secrets };
    });
  }

  /** Ends an account and all its secrets. Throws CREDENTIAL_UNKNOWN. */
  async revoke(kind: IssuedKind, name: string): Promise<IssuedAccount> {
    return this.#change(kind, name, (before) => {
      const account = alive(before, kind, name);
      return { ...account, secrets: [], revokedAt: new Date().toISOString() };
    });
  }

  /** A change that ends with a new secret. */
  async #issue(
    kind: IssuedKind,
    name: string,
    lifetimeMs: number | undefined,
    change: (before: IssuedAccount | undefined, now: Date) => IssuedAccount,
  ): Promise<Issued> {
    let secret = '';
    let expiresAt: string | undefined;
    const account = await this.#change(kind, name, (before) => {
      const now = new Date();
      const made = makeSecret(now, lifetimeMs ?? lastLifetimeMs(before));
      secret = made.text;
      expiresAt = made.kept.expiresAt;
      const after = change(before, now);
      const kept = after.secrets.filter((each) => isCurrent(each, now)).slice(1 - SECRETS_MAX);
      return { ...after, secrets: [...kept, made.kept] };
    });
    return { account, secret, expiresAt };
  }

  async #change(
    kind: IssuedKind,
    name: string,
    change: (before: IssuedAccount | undefined) => IssuedAccount,
  ): Promise<IssuedAccount> {
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const before: Version | undefined = await readVersion(this.#objects, kind, name);
      const after = change(before?.account);
      if (await writeVersion(this.#objects, before, after)) return after;
    }
    throw new RegistryError('UNAVAILABLE', `others change the account ${name} all the time: try again`);
  }
}

function accountOf({ kind, name, groups, description, by }: NewAccount, now: Date): IssuedAccount {
  return {
    version: 1,
    ...{ kind, name, groups: [...groups], createdAt: now.toISOString(), createdBy: by, secrets: [] },
    ...(description !== undefined && { description }),
  };
}

function alive(account: IssuedAccount | undefined, kind: IssuedKind, name: string): IssuedAccount {
  if (account && account.revokedAt === undefined) return account;
  const state = account ? `was revoked at ${account.revokedAt}` : 'does not exist';
  throw new RegistryError('CREDENTIAL_UNKNOWN', `the ${kind} account ${name} ${state}: create it first`);
}

/** How long the newest secret was meant to be good for. */
function lastLifetimeMs(account: IssuedAccount | undefined): number | undefined {
  const last = account?.secrets.at(-1);
  return last?.expiresAt === undefined ? undefined : Date.parse(last.expiresAt) - Date.parse(last.createdAt);
}

import { RegistryError } from '../../oci/errors.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { type DamagedAccount, type IssuedAccount, type IssuedKind, isCurrent } from './account.ts';
import { makeSecret } from './secret.ts';
import { listVersions, readVersion, type Version, writeVersion } from './versions.ts';

/** An account, and a new secret of it, which is shown only once. */
export interface Issued {
  readonly account: IssuedAccount;
  readonly secret: string;
  /** RFC 3339; undefined if the secret is valid until it is replaced. */
  readonly expiresAt: string | undefined;
}

export interface NewAccount {
  readonly kind: IssuedKind;
  readonly name: string;
  readonly groups: readonly string[];
  readonly description?: string | undefined;
  /** The creator, for people. */
  readonly by: string;
  /** How long the secret is valid. @default until it is replaced */
  readonly lifetimeMs?: number | undefined;
}

export interface Rotation {
  /** Throws if the account as it is now must not be rotated. */
  readonly check?: (account: IssuedAccount) => void;
  /** How long the old secrets stay valid. @default not at all */
  readonly overlapMs?: number | undefined;
  /** How long the new secret is valid. @default as long as the last one was */
  readonly lifetimeMs?: number | undefined;
}

/** One secret for each of a person's machines; beyond this number, the oldest is dropped. */
const SECRETS_MAX = 20;
/** How often a change is retried while others change the same account. */
const TRIES_MAX = 50;

/**
 * Accounts whose credentials this registry issues itself, kept in its store: robots, and people vouched for by an OpenID
 * provider. Only hashes of secrets are stored. Concurrent changes, on any nodes, are never lost.
 */
export class IssuedCredentials {
  readonly #objects: ObjectStore;
  readonly #now: () => number;

  /** `now` is in milliseconds since 1970. */
  constructor(objects: ObjectStore, { now = Date.now }: { readonly now?: () => number } = {}) {
    this.#objects = objects;
    this.#now = now;
  }

  /** An account, even a revoked one; undefined if it never existed, or its record cannot be read. */
  async find(kind: IssuedKind, name: string): Promise<IssuedAccount | undefined> {
    return (await readVersion(this.#objects, kind, name))?.account;
  }

  /** All accounts of a kind, by name. */
  async list(kind: IssuedKind): Promise<(IssuedAccount | DamagedAccount)[]> {
    const found = await Array.fromAsync(listVersions(this.#objects, kind));
    return found.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Makes an account; a revoked one starts afresh, with nothing that it had before. Throws CREDENTIAL_EXISTS. */
  create(wanted: NewAccount): Promise<Issued> {
    return this.#issue(wanted, (before, now) => {
      if (before && before.revokedAt === undefined)
        throw new RegistryError(
          'CREDENTIAL_EXISTS',
          `the ${wanted.kind} account ${wanted.name} already exists: rotate its secret, or revoke it first`,
        );
      return accountOf(wanted, now);
    });
  }

  /** Gives an account an additional secret, and makes the account if it does not exist. */
  add(wanted: NewAccount): Promise<Issued> {
    return this.#issue(wanted, (before, now) => {
      if (before === undefined || before.revokedAt !== undefined) return accountOf(wanted, now);
      return { ...before, groups: [...wanted.groups] };
    });
  }

  /** Replaces an account's secrets with a new one. Throws CREDENTIAL_UNKNOWN. */
  rotate(
    kind: IssuedKind,
    name: string,
    { overlapMs = 0, lifetimeMs, check }: Rotation = {},
  ): Promise<Issued> {
    return this.#issue({ kind, name, lifetimeMs }, (before, now) => {
      const account = alive(before, kind, name);
      check?.(account);
      const endAt = new Date(now.getTime() + overlapMs).toISOString();
      const secrets = account.secrets.map((secret) =>
        secret.expiresAt !== undefined && secret.expiresAt < endAt ? secret : { ...secret, expiresAt: endAt },
      );
      return { ...account, secrets };
    });
  }

  /** Revokes an account and all its secrets, also a damaged one. Throws CREDENTIAL_UNKNOWN. */
  async revoke(kind: IssuedKind, name: string): Promise<IssuedAccount> {
    const change = (before: Version | undefined) => {
      const now = new Date(this.#now());
      const account = isDamaged(before)
        ? accountOf({ kind, name, groups: [], by: 'unknown' }, now)
        : alive(before?.account, kind, name);
      return { ...account, secrets: [], revokedAt: now.toISOString() };
    };
    return this.#change(kind, name, change);
  }

  /** A change that ends with a new secret. */
  async #issue(
    { kind, name, lifetimeMs }: Pick<NewAccount, 'kind' | 'name' | 'lifetimeMs'>,
    change: (before: IssuedAccount | undefined, now: Date) => IssuedAccount,
  ): Promise<Issued> {
    let secret = '';
    let expiresAt: string | undefined;
    const account = await this.#change(kind, name, (version) => {
      if (isDamaged(version))
        throw new RegistryError(
          'CREDENTIAL_EXISTS',
          `the record of the ${kind} account ${name} cannot be read: revoke the account, then create it again`,
        );
      const before = version?.account;
      const now = new Date(this.#now());
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
    change: (before: Version | undefined) => IssuedAccount,
  ): Promise<IssuedAccount> {
    let before = await readVersion(this.#objects, kind, name);
    const first = before?.account;
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const after = change(before);
      // A change that was asked for before that does not undo it, however late it comes.
      if (wasRevokedSince(first, before?.account))
        throw new RegistryError('UNAVAILABLE', `the account ${name} was revoked at the same time: try again`);
      if (await writeVersion(this.#objects, before, after)) return after;
      before = await readVersion(this.#objects, kind, name);
    }
    throw new RegistryError('UNAVAILABLE', `the account ${name} is being changed by others: try again`);
  }
}

function isDamaged(version: Version | undefined): boolean {
  return version !== undefined && version.account === undefined;
}

function accountOf({ kind, name, groups, description, by }: NewAccount, now: Date): IssuedAccount {
  return {
    version: 1,
    ...{ kind, name, groups: [...groups], createdAt: now.toISOString(), createdBy: by, secrets: [] },
    ...(description !== undefined && { description }),
  };
}

/** Whether an account was revoked after a first look, and perhaps made afresh. */
function wasRevokedSince(first: IssuedAccount | undefined, now: IssuedAccount | undefined): boolean {
  const isRevoked = now?.revokedAt !== undefined && now.revokedAt !== first?.revokedAt;
  const wasAlive = first !== undefined && first.revokedAt === undefined;
  return isRevoked || (wasAlive && now?.createdAt !== first.createdAt);
}

function alive(account: IssuedAccount | undefined, kind: IssuedKind, name: string): IssuedAccount {
  if (account && account.revokedAt === undefined) return account;
  const state = account ? `was revoked at ${account.revokedAt}` : 'does not exist';
  throw new RegistryError('CREDENTIAL_UNKNOWN', `the ${kind} account ${name} ${state}: create it first`);
}

/** The lifetime that the newest secret was given. */
function lastLifetimeMs(account: IssuedAccount | undefined): number | undefined {
  const last = account?.secrets.at(-1);
  return last?.expiresAt === undefined ? undefined : Date.parse(last.expiresAt) - Date.parse(last.createdAt);
}

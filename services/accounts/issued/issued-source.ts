import type {
  AccountSource,
  Authentication,
  Credentials,
  RefreshSeed,
} from '../../registry/access/account.ts';
import {
  type IssuedAccount,
  type IssuedKind,
  type IssuedSecret,
  isCurrent,
} from '../../registry/access/issued/account.ts';
import { IssuedCredentials } from '../../registry/access/issued/credentials.ts';
import { findSecret } from '../../registry/access/issued/secret.ts';
import { untilAborted } from '../../registry/runtime/waiting.ts';
import { Cached } from '../../registry/storage/cached.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';

/** How long a replaced or revoked secret may still be accepted. */
const MAX_AGE_MS = 5000;
/**
 * An unknown secret may be newer than the cached account, and new secrets are used at once. So the account is read again,
 * but at most this often for one name, since anyone can try secrets.
 */
const REREAD_MS = 200;
const REMEMBERED_MAX = 10_000;
const UNKNOWN: Authentication = { outcome: 'unknown' };

/** An account as it was read, and when (monotonic milliseconds). */
interface Looked {
  readonly account: IssuedAccount | undefined;
  readonly atMs: number;
}

export interface IssuedSourceOptions {
  /** Used in refresh tokens, and in names where it is not the first source. */
  readonly name: string;
  readonly kind: IssuedKind;
  readonly objects: ObjectStore;
  /** Milliseconds since 1970, for the end of secrets. */
  readonly now?: () => number;
  /** Milliseconds, monotonic, for the age of what is cached. */
  readonly monotonicNow?: () => number;
}

/** Accounts whose credentials this registry issued. */
export class IssuedSource implements AccountSource {
  readonly name: string;
  readonly #kind: IssuedKind;
  readonly #issued: IssuedCredentials;
  /** Caches absence too: requests for unknown accounts must not cost more. */
  readonly #known: Cached<Looked>;
  readonly #now: () => number;
  readonly #monotonicNow: () => number;

  constructor(options: IssuedSourceOptions) {
    const { name, kind, objects, now = Date.now, monotonicNow = () => performance.now() } = options;
    this.name = name;
    this.#kind = kind;
    this.#issued = new IssuedCredentials(objects);
    this.#now = now;
    this.#monotonicNow = monotonicNow;
    this.#known = new Cached<Looked>({
      ...{ maxSize: REMEMBERED_MAX, maxAgeMs: MAX_AGE_MS, now: monotonicNow },
    });
  }

  async authenticate({ username, password }: Credentials, signal: AbortSignal): Promise<Authentication> {
    let { account, atMs } = await this.#look(username, signal);
    let secret = findSecret(account, password, new Date(this.#now()));
    if (secret === undefined && this.#monotonicNow() - atMs >= REREAD_MS) {
      this.#known.invalidate(username);
      ({ account } = await this.#look(username, signal));
      secret = findSecret(account, password, new Date(this.#now()));
    }
    return account && secret ? this.#knownBy(account, secret) : UNKNOWN;
  }

  /** Valid as long as the secret. */
  async refresh({ value }: RefreshSeed, signal: AbortSignal): Promise<Authentication> {
    const colon = value.indexOf(':');
    const { account } = await this.#look(value.slice(colon + 1), signal);
    const secret = account?.secrets.find(({ id }) => id === value.slice(0, colon));
    return account && secret && isCurrent(secret, new Date(this.#now()))
      ? this.#knownBy(account, secret)
      : UNKNOWN;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #look(name: string, signal: AbortSignal): Promise<Looked> {
    const atMs = this.#monotonicNow();
    const load = async () => ({ account: await this.#issued.find(this.#kind, name), atMs });
    const looked = await untilAborted(Promise.resolve(this.#known.get(name, load)), signal);
    return looked ?? { account: undefined, atMs };
  }

  #knownBy({ kind, name, groups }: IssuedAccount, { id, expiresAt }: IssuedSecret): Authentication {
    return {
      outcome: 'known',
      identity: { kind, name, groups, memberships: [] },
      refresh: {
        source: this.name,
        value: `${id}:${name}`,
        ...(expiresAt !== undefined && { expiresAt: Math.floor(Date.parse(expiresAt) / 1000) }),
      },
    };
  }
}

import { hash as digest, randomBytes } from 'node:crypto';
import type {
  AccountSource,
  Authentication,
  Credentials,
  RefreshSeed,
} from '../../registry/access/account.ts';
import type { Followed } from '../../registry/runtime/followed.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { Proofs } from '../proofs.ts';
import { followHtpasswd } from './file.ts';
import { Hasher } from './hasher.ts';
import { DEFAULT_COST, type Htpasswd } from './read.ts';

/** How long a correct password is remembered while its hash stays the same. */
const REMEMBERED_MS = 60_000;
/** A change of the file is seen within this time. */
const LOOK_EVERY_MS = 1000;
const SOURCE = 'htpasswd';
const UNKNOWN: Authentication = { outcome: 'unknown' };

export interface HtpasswdOptions {
  readonly path: string;
  readonly logger: Log;
  /** @default one of its own */
  readonly hasher?: Hasher;
}

/**
 * Accounts of an htpasswd file. An unknown name costs one hash too, with the cost of one of the file's entries, so that
 * response times do not reveal names.
 */
export class HtpasswdSource implements AccountSource {
  readonly name = SOURCE;
  readonly #file: Followed<Htpasswd>;
  readonly #hasher: Hasher;
  readonly #proofs = new Proofs<true>();
  /** Chooses one of the file's costs for an unknown name, the same each time. */
  readonly #salt = randomBytes(32).toString('base64');

  /** Throws an OperatorError that names the file, the line and what was expected there. */
  static async open({ path, logger, hasher = new Hasher() }: HtpasswdOptions): Promise<HtpasswdSource> {
    return new HtpasswdSource(await followHtpasswd(path, logger), hasher);
  }

  private constructor(file: Followed<Htpasswd>, hasher: Hasher) {
    this.#file = file;
    this.#hasher = hasher;
  }

  /** Ignores the signal: it takes a few seconds at most, to wait for and compute a hash. */
  async authenticate(credentials: Credentials): Promise<Authentication> {
    const { username, password, priority } = credentials;
    const accounts = await this.#file.current(LOOK_EVERY_MS);
    const stored = accounts.hashes.get(username);
    const hash = stored ?? this.#dummy(accounts, username);
    const isProven = await this.#proofs.get(credentials, hash, async () => {
      const isSame = await this.#hasher.compare(password, hash, priority);
      // bcrypt repeats what it hashes, with a NUL after each: `a\0a` has the hash of `a`.
      const isRight = isSame && stored !== undefined && !password.includes('\0');
      return isRight ? { value: true, untilMs: Date.now() + REMEMBERED_MS } : undefined;
    });
    return isProven && stored !== undefined ? known(username, stored) : UNKNOWN;
  }

  /** Valid while the name has the same hash. */
  async refresh({ value }: RefreshSeed): Promise<Authentication> {
    const name = value.slice(value.indexOf(':') + 1);
    const hash = (await this.#file.current(LOOK_EVERY_MS)).hashes.get(name);
    return hash !== undefined && seedOf(name, hash) === value ? known(name, hash) : UNKNOWN;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#file[Symbol.dispose]();
    return this.#hasher[Symbol.asyncDispose]();
  }

  #dummy({ costs }: Htpasswd, name: string): string {
    const at = Number.parseInt(digest('sha256', this.#salt + name, 'hex').slice(0, 8), 16) % costs.length;
    // A salt and a hash that no password has: 53 characters of bcrypt's alphabet.
    return `$2b$${costs[at] ?? DEFAULT_COST}$${'.'.repeat(53)}`;
  }
}

function known(name: string, hash: string): Authentication {
  return {
    outcome: 'known',
    identity: { kind: 'user', name, groups: [], memberships: [] },
    refresh: { source: SOURCE, value: seedOf(name, hash) },
  };
}

/** The name, and a digest of its hash. */
function seedOf(name: string, hash: string): string {
  return `${digest('sha256', hash, 'hex')}:${name}`;
}

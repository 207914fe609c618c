import { RegistryError } from '../oci/errors.ts';
import {
  type AccountSource,
  type Authentication,
  accountGroup,
  type Credentials,
  type RefreshSeed,
} from './account.ts';
import { type Identity, ROBOT_PREFIX } from './subject.ts';

/** All users and robots, from every source of accounts. */
export interface Accounts extends AsyncDisposable {
  /**
   * The identity behind credentials; `unknown` if no source knows them. Throws UNAVAILABLE if a source that might know
   * them cannot be reached, and TOO_MANY_REQUESTS if one is overloaded.
   */
  authenticate(credentials: Credentials, signal: AbortSignal): Promise<Authentication>;
  /** The current identity of a seed; `unknown` if the seed is no longer valid or its source is not configured. */
  refresh(seed: RefreshSeed, signal: AbortSignal): Promise<Authentication>;
  /**
   * Maps an identity that a source established without credentials, such as by a login in a browser, to the names that
   * rules use; undefined if the source may not use such a name, or is not configured.
   */
  mapIdentity(source: string, identity: Identity): Identity | undefined;
}

export interface AccountSourcesOptions {
  /** The only source of names that begin with `robot+`. */
  readonly robots?: AccountSource | undefined;
  /** Asked in this order. */
  readonly sources: readonly AccountSource[];
}

/** No name or secret of any source is longer; Keystone's tokens are the longest. */
const CREDENTIAL_MAX_CHARACTERS = 16 * 1024;
const UNKNOWN: Authentication = { outcome: 'unknown' };

/**
 * Sources of accounts, asked in order; the first that knows the credentials decides. Names and projects of all but the
 * first end in `@<source>`, and a source's own name with such an ending is refused: a user of one source can never pass
 * as a user of another. Groups of all sources end so: a person that makes groups there must not make operators here.
 */
export class AccountSources implements Accounts {
  readonly #robots: AccountSource | undefined;
  readonly #sources: readonly AccountSource[];
  readonly #all: readonly AccountSource[];

  constructor({ robots, sources }: AccountSourcesOptions) {
    this.#robots = robots;
    this.#sources = sources;
    this.#all = [...sources, ...(robots ? [robots] : [])];
  }

  async authenticate(credentials: Credentials, signal: AbortSignal): Promise<Authentication> {
    const { username, password } = credentials;
    if (!isPlausible(username) || !isPlausible(password)) return UNKNOWN;
    if (username.startsWith(ROBOT_PREFIX))
      return (await this.#robots?.authenticate(credentials, signal)) ?? UNKNOWN;
    let failure: RegistryError | undefined;
    for (const [source, called] of this.#askedFor(username)) {
      try {
        const answer = this.#named(
          source,
          await source.authenticate({ ...credentials, username: called }, signal),
        );
        if (answer.outcome === 'known') return answer;
      } catch (error) {
        const met = clientErrorOf(error, signal);
        if (met === undefined) throw error;
        failure ??= met;
      }
    }
    // An unreachable source might have known them: do not answer that the password is wrong.
    if (failure) throw failure;
    return UNKNOWN;
  }

  async refresh(seed: RefreshSeed, signal: AbortSignal): Promise<Authentication> {
    const source = this.#all.find(({ name }) => name === seed.source);
    if (source === undefined) return UNKNOWN;
    const answer = (await source.refresh?.(seed, signal)) ?? UNKNOWN;
    return source === this.#robots ? answer : this.#named(source, answer);
  }

  mapIdentity(name: string, identity: Identity): Identity | undefined {
    const source = this.#sources.find((each) => each.name === name);
    const answer = source ? this.#named(source, { outcome: 'known', identity }) : UNKNOWN;
    return answer.outcome === 'known' ? answer.identity : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of this.#all) await source[Symbol.asyncDispose]();
  }

  /**
   * The sources to ask, and the name to ask each for. A name that ends in `@<source>` goes only to that source: no other
   * one gets the password.
   */
  #askedFor(username: string): readonly (readonly [AccountSource, string])[] {
    for (const source of this.#sources.slice(1)) {
      const name = username.slice(0, -`@${source.name}`.length);
      if (name !== '' && username.endsWith(`@${source.name}`)) return [[source, name]];
    }
    return this.#sources.map((source) => [source, username]);
  }

  /** The answer with the names that rules use. */
  #named(source: AccountSource, answer: Authentication): Authentication {
    if (answer.outcome === 'unknown') return answer;
    const { identity } = answer;
    if (identity.kind === 'anonymous' || this.#isReserved(identity.name)) return UNKNOWN;
    const groups = this.#unreserved(identity.groups, (group) => group).map((group) =>
      accountGroup(group, source.name),
    );
    const memberships = this.#unreserved(identity.memberships, ({ project }) => project);
    const known = { ...identity, groups, memberships };
    return { ...answer, identity: source === this.#sources[0] ? known : suffixed(known, source.name) };
  }

  #unreserved<T>(each: readonly T[], nameOf: (one: T) => string): readonly T[] {
    return each.filter((one) => !this.#isReserved(nameOf(one)));
  }

  #isReserved(name: string): boolean {
    return (
      name === '' ||
      name.startsWith(ROBOT_PREFIX) ||
      this.#sources.some((source) => name.endsWith(`@${source.name}`))
    );
  }
}

function suffixed(identity: Identity, source: string): Identity {
  return {
    ...identity,
    name: `${identity.name}@${source}`,
    memberships: identity.memberships.map(({ project, roles }) => ({
      project: `${project}@${source}`,
      roles,
    })),
  };
}

function isPlausible(text: string): boolean {
  return text !== '' && text.length <= CREDENTIAL_MAX_CHARACTERS;
}

/** The error that a source's failure becomes for the client; undefined for a fault of ours. */
function clientErrorOf(error: unknown, signal: AbortSignal): RegistryError | undefined {
  if (signal.aborted && error === signal.reason)
    return new RegistryError('UNAVAILABLE', 'logins take too long at the moment; try again in a while');
  if (!(error instanceof RegistryError)) return undefined;
  return error.kind === 'UNAVAILABLE' || error.kind === 'TOO_MANY_REQUESTS' ? error : undefined;
}

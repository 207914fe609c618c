import { RegistryError } from '../oci/errors.ts';
import type { AccountSource, Authentication, Credentials, RefreshSeed } from './account.ts';
import { type Identity, ROBOT_PREFIX } from './subject.ts';

/** Whoever can be known here, by any source of accounts. */
export interface Accounts extends AsyncDisposable {
  /**
   * Who presents these credentials; `unknown` when no source knows them. Throws UNAVAILABLE when one that might know
   * them cannot be asked, and TOO_MANY_REQUESTS when one has too much to do.
   */
  authenticate(credentials: Credentials, signal: AbortSignal): Promise<Authentication>;
  /** Who a seed is for now, as its source says; `unknown` when it is good no more, or there is no such source. */
  refresh(seed: RefreshSeed, signal: AbortSignal): Promise<Authentication>;
  /**
   * Somebody whom a source knows by something else than credentials, such as a login in a browser, with the names by
   * which rules know them; undefined where that source is not believed such a name, or is not there.
   */
  mapIdentity(source: string, identity: Identity): Identity | undefined;
}

export interface AccountSourcesOptions {
  /** Knows the names that begin with `robot+`, and nobody else does. */
  readonly robots?: AccountSource | undefined;
  /** In the order in which they are asked. */
  readonly sources: readonly AccountSource[];
}

/** No name and no secret of any source is longer; a token of Keystone's is the longest. */
const CREDENTIAL_MAX_CHARACTERS = 16 * 1024;
const UNKNOWN: Authentication = { outcome: 'unknown' };

/**
 * Sources of accounts, asked one after the other; the first that knows somebody decides. Names, groups and projects of
 * all but the first end in `@<source>`, and no source is believed a name that ends so by itself: nobody becomes
 * somebody else by being known elsewhere.
 */
export class AccountSources implements Accounts {
  readonly #robots: AccountSource | undefined;
  readonly #sources: readonly AccountSource[];

  constructor({ robots, sources }: AccountSourcesOptions) {
    this.#robots = robots;
    this.#sources = sources;
  }

  async authenticate(credentials: Credentials, signal: AbortSignal): Promise<Authentication> {
    const { username, password } = credentials;
    if (!isPlausible(username) || !isPlausible(password)) return UNKNOWN;
    if (username.startsWith(ROBOT_PREFIX))
      return (await this.#robots?.authenticate(credentials, signal)) ?? UNKNOWN;
    let obstacle: RegistryError | undefined;
    for (const [source, called] of this.#askedFor(username)) {
      try {
        const answer = this.#named(source, await source.authenticate({ username: called, password }, signal));
        if (answer.outcome === 'known') return answer;
      } catch (error) {
        const met = obstacleOf(error, signal);
        if (met === undefined) throw error;
        obstacle ??= met;
      }
    }
    // Whoever could not be asked might have known them: it would be wrong to say that the password is.
    if (obstacle) throw obstacle;
    return UNKNOWN;
  }

  async refresh(seed: RefreshSeed, signal: AbortSignal): Promise<Authentication> {
    const source = [...this.#sources, ...(this.#robots ? [this.#robots] : [])].find(
      ({ name }) => name === seed.source,
    );
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
    for (const source of [...this.#sources, ...(this.#robots ? [this.#robots] : [])])
      await source[Symbol.asyncDispose]();
  }

  /**
   * Whom to ask, and for which name. One that ends in `@<source>`, as rules know those of all sources but the first, is
   * that source's alone: nobody else hears the password.
   */
  #askedFor(username: string): readonly (readonly [AccountSource, string])[] {
    for (const source of this.#sources.slice(1)) {
      const name = username.slice(0, -`@${source.name}`.length);
      if (name !== '' && username.endsWith(`@${source.name}`)) return [[source, name]];
    }
    return this.#sources.map((source) => [source, username]);
  }

  /** The answer with the names by which rules know what it speaks of. */
  #named(source: AccountSource, answer: Authentication): Authentication {
    if (answer.outcome === 'unknown') return answer;
    const { identity } = answer;
    if (identity.kind === 'anonymous' || this.#isReserved(identity.name)) return UNKNOWN;
    const known = { ...identity, groups: this.#unreserved(identity.groups, (group) => group) };
    const memberships = this.#unreserved(identity.memberships, ({ project }) => project);
    if (source === this.#sources[0]) return { ...answer, identity: { ...known, memberships } };
    return { ...answer, identity: suffixed({ ...known, memberships }, source.name) };
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
    groups: identity.groups.map((group) => `${group}@${source}`),
    memberships: identity.memberships.map(({ project, roles }) => ({
      project: `${project}@${source}`,
      roles,
    })),
  };
}

function isPlausible(text: string): boolean {
  return text !== '' && text.length <= CREDENTIAL_MAX_CHARACTERS;
}

/** What keeps a source from answering; undefined for what is a fault. */
function obstacleOf(error: unknown, signal: AbortSignal): RegistryError | undefined {
  if (signal.aborted && error === signal.reason)
    return new RegistryError('UNAVAILABLE', 'logging in takes too long just now; try again in a while');
  if (!(error instanceof RegistryError)) return undefined;
  return error.kind === 'UNAVAILABLE' || error.kind === 'TOO_MANY_REQUESTS' ? error : undefined;
}

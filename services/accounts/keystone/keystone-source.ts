import pMap from 'p-map';
import type { AuthScope, InDomain, Proof } from '../../openstack/auth-request.ts';
import type { Token } from '../../openstack/token.ts';
import type {
  AccountSource,
  Authentication,
  Credentials,
  LoginPriority,
  RefreshSeed,
} from '../../registry/access/account.ts';
import type { Membership } from '../../registry/access/subject.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { untilAborted } from '../../registry/runtime/waiting.ts';
import { openAgent } from '../agent.ts';
import { LoginQueue } from '../login-queue.ts';
import { Proofs } from '../proofs.ts';
import { type Issued, KeystoneClient } from './client.ts';
import { identityOf, isWhole, membershipOf, Names } from './identity.ts';
import { canonicalName, type LoginName, parseLoginName, type SpelledName } from './login-name.ts';

export interface KeystoneOptions {
  /** URL of the API's version 3, without a trailing slash. */
  readonly authurl: string;
  /** The domain of users and projects named without one. */
  readonly domain: string;
  /** How long Keystone's answers about credentials are cached, milliseconds. */
  readonly cache: number;
  /** Time limit for an answer of Keystone, milliseconds. */
  readonly timeout: number;
  /** Projects of a user beyond this number are ignored, unless the login name has one. */
  readonly maxprojects: number;
  /** Whether refresh tokens may contain a Keystone token. */
  readonly refreshtokens: boolean;
  /** PEM files of authorities besides the built-in ones. */
  readonly rootcas: readonly string[];
  /** An application credential that may validate any token: tokens of trusts may not validate themselves. */
  readonly applicationcredentialid?: string | undefined;
  readonly applicationcredentialsecret?: string | undefined;
}

const SOURCE = 'keystone';
const UNKNOWN: Authentication = { outcome: 'unknown' };
/** Logins under way; more wait, and those beyond get TOO_MANY_REQUESTS. */
const AT_ONCE = 16;
const WAITING_MAX = 256;
const WAIT_MAX_MS = 10_000;
/** How many of a user's projects are queried at once. */
const PROJECTS_AT_ONCE = 4;
/** A login may take this many times the time limit of one answer. */
const PATIENCE = 4;
/** Only clients that logged in have a refresh token. */
const OF_REFRESH_TOKENS: LoginPriority = { isKnown: true, network: '' };
/** Valid in a header; all of Keystone's tokens match. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/**
 * Accounts of OpenStack Keystone. It has no account there: it asks everything with the credentials of the person who logs
 * in. Identities and roles stay in memory for `cache`, and are stored nowhere.
 */
export class KeystoneSource implements AccountSource {
  readonly name = SOURCE;
  readonly #options: KeystoneOptions;
  readonly #client: KeystoneClient;
  readonly #names: Names;
  readonly #proofs = new Proofs<Authentication>();
  readonly #turns = new LoginQueue({ atOnce: AT_ONCE, waiting: WAITING_MAX, waitMaxMs: WAIT_MAX_MS });

  /** Sends nothing yet. Throws an Error when a file of `rootcas` cannot be read. */
  static async open(options: KeystoneOptions, logger: Log): Promise<KeystoneSource> {
    const { applicationcredentialid: id, applicationcredentialsecret: secret } = options;
    const { authurl: authUrl, timeout: timeoutMs, rootcas: rootCas } = options;
    const client = new KeystoneClient({
      ...{ authUrl, timeoutMs, agent: await openAgent({ timeoutMs, rootCas }), logger },
      service: id !== undefined && secret !== undefined ? { id, secret } : undefined,
    });
    return new KeystoneSource(options, client);
  }

  private constructor(options: KeystoneOptions, client: KeystoneClient) {
    this.#options = options;
    this.#client = client;
    this.#names = new Names(options.domain);
  }

  async authenticate(credentials: Credentials, signal: AbortSignal): Promise<Authentication> {
    const find = async () => {
      const issued = await this.#inTurn((limit) => this.#logIn(credentials, limit), credentials.priority);
      if (issued === undefined) return undefined;
      const untilMs = Math.min(Date.now() + this.#options.cache, issued.expiresAtMs);
      return { value: issued.answer, untilMs };
    };
    return (await this.#proofs.get(credentials, '', find, signal)) ?? UNKNOWN;
  }

  async refresh({ value }: RefreshSeed, signal: AbortSignal): Promise<Authentication> {
    const known = this.#inTurn((limit) => this.#byToken(value, limit), OF_REFRESH_TOKENS);
    return (await untilAborted(known, signal))?.answer ?? UNKNOWN;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }

  #inTurn<T>(act: (limit: AbortSignal) => Promise<T>, priority: LoginPriority | undefined): Promise<T> {
    return this.#turns.run(() => act(AbortSignal.timeout(PATIENCE * this.#options.timeout)), priority);
  }

  async #logIn({ username, password }: Credentials, limit: AbortSignal): Promise<Known | undefined> {
    const login = parseLoginName(username);
    switch (login?.kind) {
      case undefined:
        return undefined;
      case 'token':
        return this.#byToken(password, limit);
      case 'application-credential': {
        const { id } = login;
        const proof: Proof = { method: 'application_credential', credential: { id }, secret: password };
        const issued = await this.#client.issue(proof, undefined, limit);
        return issued && this.#known(issued, limit);
      }
      case 'user':
      case 'trustee': {
        const proof: Proof = { method: 'password', user: this.#inDomain(login.user), password };
        const issued = await this.#client.issue(proof, this.#scopeOf(login), limit);
        return issued && this.#known(issued, limit);
      }
    }
  }

  async #byToken(id: string, limit: AbortSignal): Promise<Known | undefined> {
    if (!TOKEN.test(id)) return undefined;
    const token = await this.#client.validate(id, limit);
    return token && this.#known({ id, token }, limit);
  }

  async #known(issued: Issued, limit: AbortSignal): Promise<Known | undefined> {
    const { id, token } = issued;
    // Restricted to certain calls of certain services, none of which is ours.
    if ((token.application_credential?.access_rules?.length ?? 0) > 0) return undefined;
    const [memberships, groups] = await Promise.all([
      this.#memberships(issued, limit),
      isWhole(token) ? this.#groups(issued, limit) : [],
    ]);
    const expiresAtMs = token.expires_at.getTime();
    const seed = { source: SOURCE, value: id, expiresAt: Math.floor(expiresAtMs / 1000) };
    const identity = identityOf(token, memberships, groups, this.#names);
    return {
      answer: { outcome: 'known', identity, ...(this.#options.refreshtokens && { refresh: seed }) },
      expiresAtMs,
    };
  }

  /** The user's roles in the token's project; for an unscoped token, in all of the user's projects. */
  async #memberships({ id, token }: Issued, limit: AbortSignal): Promise<readonly Membership[]> {
    const own = membershipOf(token, this.#names);
    if (own) return [own];
    if (isForElse(token)) return [];
    const projects = (await this.#client.projectsOf(id, limit))
      .filter(({ enabled }) => enabled)
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .slice(0, this.#options.maxprojects);
    const found = await pMap(
      projects,
      async (project) => {
        const scope = { project: { id: project.id } };
        const issued = await this.#client.issue({ method: 'token', token: id }, scope, limit);
        return issued && membershipOf(issued.token, this.#names);
      },
      { concurrency: PROJECTS_AT_ONCE },
    );
    return found.flatMap((membership) => membership ?? []);
  }

  /** The groups of the user's own domain: Keystone identifies other domains only by id. */
  async #groups({ id, token }: Issued, limit: AbortSignal): Promise<readonly string[]> {
    const { domain } = token.user;
    const groups = await this.#client.groupsOf(token.user.id, id, limit);
    return groups
      .filter(({ domain_id }) => domain_id === domain.id)
      .map(({ name }) => canonicalName(name, this.#names.isDefault(domain) ? undefined : domain.name));
  }

  #scopeOf(login: LoginName): AuthScope {
    if (login.kind === 'trustee') return { trustId: login.trustId };
    if (login.kind === 'user' && login.project) return { project: this.#inDomain(login.project) };
    return 'unscoped';
  }

  #inDomain({ name, domain }: SpelledName): InDomain {
    return { name, domain: domain === undefined ? this.#names.defaultDomain : { name: domain } };
  }
}

/** An authentication, and when it expires. */
interface Known {
  readonly answer: Authentication;
  readonly expiresAtMs: number;
}

/** Whether a token is for a domain or the whole system instead of projects. */
function isForElse({ domain, system }: Token): boolean {
  return domain !== undefined || system !== undefined;
}

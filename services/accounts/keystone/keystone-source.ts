import pMap from 'p-map';
import type { AuthScope, InDomain, Proof } from '../../openstack/auth-request.ts';
import type { Token } from '../../openstack/token.ts';
import type {
  AccountSource,
  Authentication,
  Credentials,
  RefreshSeed,
} from '../../registry/access/account.ts';
import type { Membership } from '../../registry/access/subject.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { untilAborted } from '../../registry/runtime/waiting.ts';
import { loginQueue } from '../login-queue.ts';
import { Proofs } from '../proofs.ts';
import { type Issued, KeystoneClient } from './client.ts';
import { identityOf, isWhole, membershipOf, Names } from './identity.ts';
import { canonicalName, type LoginName, parseLoginName, type SpelledName } from './login-name.ts';

export interface KeystoneOptions {
  /** Of its API's version 3, without a slash at its end. */
  readonly authurl: string;
  /** The domain of users and projects whose names stand alone. */
  readonly domain: string;
  /** So long, in milliseconds, what Keystone said of credentials is believed. */
  readonly cache: number;
  /** So long, in milliseconds, Keystone may take for an answer. */
  readonly timeout: number;
  /** A user's projects beyond this number are not looked at, unless the login name spells one. */
  readonly maxprojects: number;
  /** Whether a token of Keystone's may stand for the password in refresh tokens. */
  readonly refreshtokens: boolean;
  /** PEM files of who may have signed its certificate, besides those that everyone trusts. */
  readonly rootcas: readonly string[];
  /**
   * An application credential by which any token may be validated, for tokens that may not ask about themselves: those
   * of trusts.
   */
  readonly applicationcredentialid?: string | undefined;
  readonly applicationcredentialsecret?: string | undefined;
}

const SOURCE = 'keystone';
const UNKNOWN: Authentication = { outcome: 'unknown' };
/** Log-ins under way; more wait, and more than those are told to come back. */
const AT_ONCE = 16;
const WAITING_MAX = 256;
const WAIT_MAX_MS = 10_000;
/** A user's projects are asked about so many at a time. */
const PROJECTS_AT_ONCE = 4;
/** So often a log-in may ask something of Keystone that lasts as long as it may. */
const PATIENCE = 4;
/** What can stand in a header: all of Keystone's tokens are such. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/**
 * Accounts of OpenStack Keystone. It has no account of its own there: all that it learns, it learns as whoever logs in.
 * Who somebody is and what they are in their projects stays in memory for `cache`, and is stored nowhere.
 */
export class KeystoneSource implements AccountSource {
  readonly name = SOURCE;
  readonly #options: KeystoneOptions;
  readonly #client: KeystoneClient;
  readonly #names: Names;
  readonly #proofs = new Proofs<Authentication>();
  readonly #turns = loginQueue({
    atOnce: AT_ONCE,
    ...{ waiting: WAITING_MAX, waitMaxMs: WAIT_MAX_MS },
  });

  /** Sends nothing yet. Throws an Error when a file of `rootcas` cannot be read. */
  static async open(options: KeystoneOptions, logger: Log): Promise<KeystoneSource> {
    const { applicationcredentialid: id, applicationcredentialsecret: secret } = options;
    const client = await KeystoneClient.open({
      ...{ authUrl: options.authurl, timeoutMs: options.timeout, rootCas: options.rootcas, logger },
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
      const issued = await this.#inTurn((limit) => this.#logIn(credentials, limit));
      if (issued === undefined) return undefined;
      const untilMs = Math.min(Date.now() + this.#options.cache, issued.expiresAtMs);
      return { value: issued.answer, untilMs };
    };
    return (await this.#proofs.get(credentials, '', find, signal)) ?? UNKNOWN;
  }

  async refresh({ value }: RefreshSeed, signal: AbortSignal): Promise<Authentication> {
    const known = this.#inTurn((limit) => this.#byToken(value, limit));
    return (await untilAborted(known, signal))?.answer ?? UNKNOWN;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }

  #inTurn<T>(act: (limit: AbortSignal) => Promise<T>): Promise<T> {
    return this.#turns.run(() => act(AbortSignal.timeout(PATIENCE * this.#options.timeout)));
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
    // It was made for some calls of some services, and this is none of them.
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

  /** What the token's user is in the project that it is for; for one that is for none, in all of theirs. */
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

  /** The groups of the user's own domain: Keystone tells of others by an id, which says nothing. */
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

/** Somebody, and until when what was learnt of them may be believed. */
interface Known {
  readonly answer: Authentication;
  readonly expiresAtMs: number;
}

/** Whether a token is for a domain or the whole system, and so for no project of its user's. */
function isForElse({ domain, system }: Token): boolean {
  return domain !== undefined || system !== undefined;
}

import { type Agent, request } from 'undici';
import { z } from 'zod';
import { type AuthScope, authRequest, type Proof } from '../../openstack/auth-request.ts';
import { SUBJECT_TOKEN, type Token, TokenBody } from '../../openstack/token.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import type { Log } from '../../registry/runtime/log.ts';

export interface KeystoneClientOptions {
  /** URL of the API's version 3, without a trailing slash. */
  readonly authUrl: string;
  /** For one request. */
  readonly timeoutMs: number;
  /** Makes the connections; the client closes them. */
  readonly agent: Agent;
  /** An application credential that may validate any token; without one, each token validates itself. */
  readonly service: { readonly id: string; readonly secret: string } | undefined;
  readonly logger: Log;
}

/** A token and its description. */
export interface Issued {
  readonly id: string;
  readonly token: Token;
}

interface Answer {
  readonly status: number;
  readonly isRefused: boolean;
  readonly body: unknown;
  header(name: string): string | undefined;
}

/** Keystone's statuses for wrong credentials, missing rights, and unknown or invalid things. */
const REFUSED = [400, 401, 403, 404, 413];
/** A Keystone that does not answer is logged at most this often. */
const LOG_EVERY_MS = 60_000;

const ErrorBody = z.object({ error: z.object({ code: z.int() }) });
const ProjectsBody = z.object({
  projects: z.array(z.object({ id: z.string(), name: z.string(), enabled: z.boolean().default(true) })),
});
const GroupsBody = z.object({ groups: z.array(z.object({ name: z.string(), domain_id: z.string() })) });
export type Projects = z.output<typeof ProjectsBody>['projects'];
export type Groups = z.output<typeof GroupsBody>['groups'];

/**
 * The Identity API v3 for a service without an account of its own: every request uses the credentials of the person who
 * logs in. Throws UNAVAILABLE when Keystone does not answer as it should.
 */
export class KeystoneClient implements AsyncDisposable {
  readonly #options: KeystoneClientOptions;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #serviceToken: { readonly id: string; readonly renewAtMs: number } | undefined;

  constructor(options: KeystoneClientOptions) {
    this.#options = options;
  }

  /** A token for these credentials; undefined when they are wrong, or do not allow that scope. */
  async issue(proof: Proof, scope: AuthScope | undefined, signal: AbortSignal): Promise<Issued | undefined> {
    const answer = await this.#send('POST', '/auth/tokens', signal, { body: authRequest(proof, scope) });
    if (answer.isRefused) return undefined;
    const id = answer.header(SUBJECT_TOKEN);
    const { token } = this.#understood(TokenBody, answer.body);
    if (id === undefined) throw this.#unavailable(new Error('Keystone answered without a token'));
    return { id, token };
  }

  /** The description of a token; undefined when it is no longer valid, or may not validate itself. */
  async validate(id: string, signal: AbortSignal): Promise<Token | undefined> {
    const ask = (token: string) =>
      this.#send('GET', '/auth/tokens?nocatalog', signal, { token, headers: { [SUBJECT_TOKEN]: id } });
    const { service } = this.#options;
    let answer = await ask(service ? await this.#asService(service, signal) : id);
    if (service && answer.status === 401) {
      this.#serviceToken = undefined;
      answer = await ask(await this.#asService(service, signal));
    }
    if (service && (answer.status === 401 || answer.status === 403))
      throw this.#unavailable(
        new Error(
          'the application credential of the section accounts may not validate tokens: give it the role service',
        ),
      );
    return answer.isRefused ? undefined : this.#understood(TokenBody, answer.body).token;
  }

  /** The projects in which a token's user has a role; empty where the token may not ask. */
  async projectsOf(id: string, signal: AbortSignal): Promise<Projects> {
    const answer = await this.#send('GET', '/auth/projects', signal, { token: id });
    return answer.isRefused ? [] : this.#understood(ProjectsBody, answer.body).projects;
  }

  /** A user's groups; empty where the token may not ask. */
  async groupsOf(userId: string, id: string, signal: AbortSignal): Promise<Groups> {
    const path = `/users/${encodeURIComponent(userId)}/groups`;
    const answer = await this.#send('GET', path, signal, { token: id });
    return answer.isRefused ? [] : this.#understood(GroupsBody, answer.body).groups;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#options.agent.destroy();
  }

  /** The service's own token, renewed after half of its lifetime. */
  async #asService({ id, secret }: { id: string; secret: string }, signal: AbortSignal): Promise<string> {
    const held = this.#serviceToken;
    if (held && Date.now() < held.renewAtMs) return held.id;
    const proof: Proof = { method: 'application_credential', credential: { id }, secret };
    const issued = await this.issue(proof, undefined, signal);
    if (issued === undefined)
      throw this.#unavailable(
        new Error('Keystone refuses the application credential of the section accounts'),
      );
    const lifeMs = issued.token.expires_at.getTime() - Date.now();
    this.#serviceToken = { id: issued.id, renewAtMs: Date.now() + lifeMs / 2 };
    return issued.id;
  }

  /** Sends a request once, and reads Keystone's answer or refusal. */
  async #send(
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    { body, token, headers }: { body?: object; token?: string; headers?: Record<string, string> },
  ): Promise<Answer> {
    const { authUrl, timeoutMs, agent } = this.#options;
    try {
      const response = await request(`${authUrl}${path}`, {
        method,
        dispatcher: agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        headers: {
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
          ...(token !== undefined && { 'x-auth-token': token }),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const { statusCode: status } = response;
      const said: unknown = JSON.parse(await response.body.text());
      const header = (name: string) => [response.headers[name]].flat()[0];
      // Only Keystone itself refuses with this body; another server at its URL would not.
      const isRefused = REFUSED.includes(status) && ErrorBody.safeParse(said).success;
      if (isRefused || status === 200 || status === 201) return { status, isRefused, body: said, header };
      throw new Error(`${method} ${path} was answered with ${status}`);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #understood<T>(schema: z.ZodType<T>, body: unknown): T {
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    // Names the place of the error, not the content.
    throw this.#unavailable(
      new Error(`Keystone's answer is not understood: ${z.prettifyError(parsed.error)}`),
    );
  }

  #unavailable(cause: unknown): RegistryError {
    const { logger, authUrl } = this.#options;
    if (performance.now() - this.#loggedAtMs > LOG_EVERY_MS) {
      this.#loggedAtMs = performance.now();
      logger.error(
        { authUrl, reason: reasonOf(cause) },
        'Keystone does not answer as it should: logins fail',
      );
    }
    return new RegistryError(
      'UNAVAILABLE',
      "logins fail now, because the registry's user directory (Keystone) does not answer; clients that are logged in " +
        'keep working for a few minutes; try again later',
      undefined,
      cause,
    );
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? message : `${code}: ${message}`;
}

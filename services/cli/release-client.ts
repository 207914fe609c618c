import { request } from 'undici';
import { z } from 'zod';
import {
  ErrorBody,
  ExplainBody,
  type Explanation,
  type Mirrors,
  MirrorsBody,
  PromotionEventBody,
  type PromotionEventLine,
  type PromotionRequestBody,
  type Publications,
  PublicationsBody,
  type Status,
  StatusBody,
} from '../release/schemas.ts';
import { authorize, readChallenge } from './login/authorize.ts';
import { findLogin } from './login/login.ts';
import { ReleaseError } from './release-error.ts';
import { unreached } from './unreached.ts';

/** The release service, as the command line sees it. */
export class ReleaseClient {
  readonly #server: string;
  readonly #username: string | undefined;

  /** `username`: the user to log in as, instead of the stored login. */
  constructor(server: string, username?: string) {
    this.#server = server.replace(/\/+$/, '');
    this.#username = username;
  }

  /** The newest entries that the user may see or that cannot be read, page by page; `next` is set if there are older ones. */
  async publications(limit: number): Promise<Publications> {
    const all = await this.#get(`/api/v1/publications?limit=${limit}`, PublicationsBody);
    const publications = [...all.publications];
    const damaged = [...(all.damaged ?? [])];
    let { next } = all;
    while (next !== undefined && publications.length + damaged.length < limit) {
      const query = `limit=${limit - publications.length - damaged.length}&before=${next}`;
      const page = await this.#get(`/api/v1/publications?${query}`, PublicationsBody);
      // A server that answers with the same page for ever does not keep the command running.
      publications.push(...page.publications);
      damaged.push(...(page.damaged ?? []));
      next = page.next !== undefined && page.next < next ? page.next : undefined;
    }
    return {
      ...{ head: all.head, publications },
      ...(damaged.length > 0 && { damaged }),
      ...(next !== undefined && { next }),
    };
  }

  mirrors(): Promise<Mirrors> {
    return this.#get('/api/v1/mirrors', MirrorsBody);
  }

  status(): Promise<Status> {
    return this.#get('/api/v1/status', StatusBody);
  }

  explain(repository: string, digest: string, client: string | undefined): Promise<Explanation> {
    const query = new URLSearchParams({ repository, digest, ...(client !== undefined && { client }) });
    return this.#get(`/api/v1/explain?${query}`, ExplainBody);
  }

  /** Yields each step as it happens; throws {@link ReleaseError} if the promotion fails. */
  async *promote(body: z.input<typeof PromotionRequestBody>): AsyncGenerator<PromotionEventLine> {
    const response = await this.#send('/api/v1/promotions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      // Mirrors may take their time; the service says something twice a second.
      bodyTimeout: 60_000,
      headersTimeout: 120_000,
    });
    let isOver = false;
    try {
      for await (const line of linesOf(response.body)) {
        const event = PromotionEventBody.parse(JSON.parse(line));
        if (event.event === 'failed')
          throw new ReleaseError(event.error.code, event.error.message, event.error.detail);
        isOver = event.event === 'done';
        yield event;
      }
    } catch (error) {
      if (error instanceof ReleaseError || error instanceof z.ZodError) throw error;
      throw brokenOff();
    }
    if (!isOver) throw brokenOff();
  }

  async #get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const response = await this.#send(path, { method: 'GET' });
    return schema.parse(await response.body.json());
  }

  async #send(path: string, options: SendOptions) {
    const response = await this.#sendAsKnown(path, options);
    if (response.statusCode === 200) return response;
    const text = await response.body.text();
    const parsed = ErrorBody.safeParse(safeJson(text));
    const error = parsed.success ? parsed.data.errors[0] : undefined;
    if (error) throw new ReleaseError(error.code, error.message, error.detail);
    throw new ReleaseError(
      'UNKNOWN',
      `${this.#server}${path} answered ${response.statusCode}: is a Roadstead release service there?`,
    );
  }

  /** Sends credentials only if the server asks for them. */
  async #sendAsKnown(path: string, options: SendOptions) {
    const first = await this.#sendOnce(path, options);
    const challenge = first.statusCode === 401 ? readChallenge(challengeOf(first.headers)) : undefined;
    if (challenge === undefined) return first;
    await first.body.dump();
    const login = await findLogin(this.#server, this.#username);
    const authorization = await authorize(challenge, login);
    const second = await this.#sendOnce(path, { ...options, headers: { ...options.headers, authorization } });
    // The server reports a wrong password; for a token without the right, only the scope that it lacks.
    if (second.statusCode !== 401 || challenge.scheme === 'basic') return second;
    await second.body.dump();
    const scope = challenge.parameters.get('scope');
    throw new ReleaseError(
      'DENIED',
      `${login.username || 'the stored login'} may not do this at ${this.#server}${scope ? `: it requires ${scope}` : ''}`,
    );
  }

  #sendOnce(path: string, options: SendOptions) {
    return request(`${this.#server}${path}`, options).catch((error: unknown) => {
      const hint = 'start one, or name it with --server';
      throw new ReleaseError('UNAVAILABLE', unreached('release service', this.#server, error, hint));
    });
  }
}

/** Lines that end in U+000A and nothing else: `node:readline` also ends them at U+2028, which JSON may contain. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

interface SendOptions {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyTimeout?: number;
  readonly headersTimeout?: number;
}

function challengeOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const value = headers['www-authenticate'];
  return Array.isArray(value) ? value[0] : value;
}

function brokenOff(): ReleaseError {
  return new ReleaseError(
    'UNAVAILABLE',
    'the connection to the release service broke off: promote again to be sure',
  );
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

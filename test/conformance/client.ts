import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { complaintsAbout } from './every-answer.ts';

/** An answer to a request, after redirects. */
export interface Answer {
  readonly status: number;
  /** What was asked for last; a relative Location is relative to it. */
  readonly url: URL;
  readonly body: Buffer;
  /** A header's lines, in order; none if it was not sent. */
  all(header: string): string[];
  /** A header's first line. */
  get(header: string): string | undefined;
}

export interface Asked {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** A buffer goes with its Content-Length, anything else in chunks. */
  readonly body?: Buffer | AsyncIterable<Buffer>;
  /** Added to the query that the target may have. */
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
}

const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 5;
const TIMEOUT_MS = 20_000;

/**
 * A plain client of a registry: follows redirects of GET and HEAD ("the status codes documented are those returned
 * after any redirects"), adds and decodes nothing, and takes note of what no answer at all may do.
 */
export class Client implements AsyncDisposable {
  readonly #base: string;
  readonly #options: Agent.Options;
  #agent: Agent;
  readonly #complaints: string[] = [];
  #answers = 0;

  /** `ca`: the authority, PEM, that a registry with TLS is believed by. */
  constructor(base: string, { ca }: { readonly ca?: string } = {}) {
    this.#base = base;
    const connect = ca === undefined ? {} : { connect: { ca } };
    this.#options = { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, ...connect };
    this.#agent = new Agent(this.#options);
  }

  /** What was wrong with answers in themselves, whatever was asked (see `every-answer.ts`). */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** How many answers there were. */
  get answers(): number {
    return this.#answers;
  }

  /** Asks for a path of the registry, or for a URL that it gave. */
  async ask(target: string | URL, asked: Asked = {}): Promise<Answer> {
    let url = withQuery(new URL(target, this.#base), asked.query);
    const { method = 'GET', headers = {}, body } = asked;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(url, { method, headers, ...(body !== undefined && { body }) });
      const location = answer.get('location');
      const isRedirect = REDIRECTS.includes(answer.status) && location !== undefined;
      if (!isRedirect || !['GET', 'HEAD'].includes(method) || redirects === MOST_REDIRECTS) return answer;
      url = new URL(location, url);
    }
  }

  async #send(url: URL, { method = 'GET', headers = {}, body }: Asked): Promise<Answer> {
    const response = await request(url, {
      method,
      headers,
      body: body === undefined || Buffer.isBuffer(body) ? (body ?? null) : Readable.from(body),
      dispatcher: this.#agent,
    });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    const all = (header: string) => [response.headers[header.toLowerCase()] ?? []].flat();
    const answer: Answer = {
      status: response.statusCode,
      url,
      body: bytes,
      all,
      get: (header) => all(header)[0],
    };
    if (response.statusCode >= 400 && body !== undefined) await this.#reconnect();
    this.#answers++;
    this.#complaints.push(
      ...complaintsAbout(answer).map((complaint) => `${method} ${url.pathname}: ${complaint}`),
    );
    return answer;
  }

  /**
   * Nginx refuses a large body before its end, offers to keep the connection, and closes it a moment later (its
   * `lingering_close`): the next request would be lost.
   */
  async #reconnect(): Promise<void> {
    const old = this.#agent;
    this.#agent = new Agent(this.#options);
    await old.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.close();
  }
}

function withQuery(url: URL, query: Asked['query'] = {}): URL {
  const extended = new URL(url);
  for (const [name, values] of Object.entries(query))
    for (const value of [values].flat()) extended.searchParams.append(name, value);
  return extended;
}

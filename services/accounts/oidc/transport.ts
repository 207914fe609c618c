import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import type { CustomFetch } from 'openid-client';
import { Agent, request } from 'undici';

export interface TransportOptions {
  readonly timeoutMs: number;
  /** PEM files of authorities besides the built-in ones. */
  readonly rootCas: readonly string[];
}

/** Metadata, keys and tokens are small. */
const ANSWER_MAX_BYTES = 1024 * 1024;
const CONNECTIONS = 16;
/** Statuses without a body (Fetch standard). */
const BODILESS = new Set([101, 204, 205, 304]);

/** HTTP for the provider, with limits on time and size, and without following redirects. */
export class Transport implements AsyncDisposable {
  readonly #agent: Agent;

  /** Sends nothing yet. Throws an Error when a file of `rootCas` cannot be read. */
  static async open({ timeoutMs, rootCas }: TransportOptions): Promise<Transport> {
    const own = await Promise.all(rootCas.map((path) => readFile(path, 'utf8')));
    return new Transport(
      new Agent({
        connections: CONNECTIONS,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        maxResponseSize: ANSWER_MAX_BYTES,
        connect: { timeout: timeoutMs, ...(own.length > 0 && { ca: [...rootCertificates, ...own] }) },
      }),
    );
  }

  private constructor(agent: Agent) {
    this.#agent = agent;
  }

  readonly fetch: CustomFetch = async (url, { method, headers, body, signal }) => {
    const answer = await request(url, {
      ...{ method: method as 'GET' | 'POST', headers, dispatcher: this.#agent },
      body: body instanceof URLSearchParams ? body.toString() : (body as string | undefined) || null,
      ...(signal && { signal }),
    });
    const bytes = await answer.body.arrayBuffer();
    const headerList = Object.entries(answer.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((each): [string, string] => [name, each]),
    );
    return new Response(BODILESS.has(answer.statusCode) ? null : bytes, {
      status: answer.statusCode,
      headers: headerList,
    });
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

import type { CustomFetch } from 'openid-client';
import { type Agent, request } from 'undici';
import { type AgentOptions, openAgent } from '../agent.ts';

/** Statuses without a body (Fetch standard). */
const BODILESS = new Set([101, 204, 205, 304]);

/** HTTP for the provider, with limits on time and size, and without following redirects. */
export class Transport implements AsyncDisposable {
  readonly #agent: Agent;

  /** Sends nothing yet. Throws an Error when a file of `rootCas` cannot be read. */
  static async open(options: AgentOptions): Promise<Transport> {
    return new Transport(await openAgent(options));
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

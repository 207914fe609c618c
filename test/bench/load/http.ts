import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

const agent = new Agent({ keepAlive: true });
let asked = 0;

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer | Readable;
  /** False to hang up after the headers. */
  readonly wantsBody?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request that follows no redirect, over connections that are kept. */
export async function ask(url: string, options: Ask = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, wantsBody = true } = options;
  // Each from another client: one that asks for a blob again is not sent to a mirror again.
  const sent = request(url, { method, headers: { 'User-Agent': `bench/${++asked}`, ...headers }, agent });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  // Should the body fail first, that is the error to throw.
  answered.catch(() => undefined);
  if (body === undefined || Buffer.isBuffer(body)) sent.end(body);
  else await pipeline(body, sent);
  const [response] = await answered;
  const { statusCode: status = 0 } = response;
  if (wantsBody) return { status, headers: response.headers, body: await buffer(response) };
  response.destroy();
  return { status, headers: response.headers, body: Buffer.alloc(0) };
}

/** Like {@link ask}; any other status than the one expected is an error. */
export async function askFor(expected: number, url: string, options: Ask = {}): Promise<Answer> {
  const answer = await ask(url, options);
  if (answer.status !== expected) {
    const what = `${options.method ?? 'GET'} ${url}: ${answer.status}, not ${expected}`;
    throw new Error(`${what}\n${answer.body.toString('utf8', 0, 500)}`);
  }
  return answer;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import { retryAfterMs } from '../retry-after.ts';
import { inWords, SILENCE_MS, Trouble } from './trouble.ts';

/** By it, operators of mirrors find the doctor in their logs. */
const USER_AGENT = 'roadstead-doctor';
/** What is read of an answer whose length nobody stated. */
const SMALL_BYTES = 64 * 1024;
/** A slower mirror counts as stalled, even if it sends a byte now and then: half a megabit a second. */
const LEAST_BYTES_PER_MS = 64;
/** Times that a mirror which limits rates is asked again, and the longest wait that it may request. */
const RATE = { times: 3, waitMaxMs: 10_000 } as const;

export interface AskOptions {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Stop after this many bytes and one. @default 65536 */
  readonly maxBytes?: number;
  /** Receives the body, except what is beyond `maxBytes`. */
  readonly onBytes?: (chunk: Buffer) => void;
  /** Wait as a 429 or 503 with `Retry-After` asks for. */
  readonly isPatient?: boolean;
}

/** An answer, read to its end or to where it broke. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The first 4 KiB of the body. */
  readonly head: Buffer;
  /** Bytes of the body that came, at most one above the limit. */
  readonly sizeBytes: number;
  /** Why the body ended early, in words. */
  readonly broken?: string;
}

/** What is kept of a body. */
export const HEAD_BYTES = 4096;

/** Sends one request and reads its answer, without following redirects. Throws {@link Trouble} if no headers came. */
export async function ask(dispatcher: Dispatcher, url: URL, options: AskOptions = {}): Promise<Answer> {
  for (let turn = 1; ; turn++) {
    const answer = await askOnce(dispatcher, url, options);
    const limits = answer.status === 429 || answer.status === 503;
    const waitMs = retryAfterMs(answer.headers['retry-after']) ?? Number.POSITIVE_INFINITY;
    if (!options.isPatient || !limits || waitMs > RATE.waitMaxMs || turn === RATE.times) return answer;
    await sleep(waitMs);
  }
}

async function askOnce(
  dispatcher: Dispatcher,
  url: URL,
  { method = 'GET', headers = {}, maxBytes = SMALL_BYTES, onBytes }: AskOptions,
): Promise<Answer> {
  const limit = AbortSignal.timeout(Math.ceil(6 * SILENCE_MS + maxBytes / LEAST_BYTES_PER_MS));
  const options = {
    ...{ dispatcher, method, signal: limit, headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS },
    headers: { 'user-agent': USER_AGENT, ...headers },
  };
  const response = await request(url, options).catch((error: unknown) => {
    throw new Trouble(`${method} ${url.href}: ${inWords(error)}`);
  });
  const head: Buffer[] = [];
  let sizeBytes = 0;
  let broken: string | undefined;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      if (sizeBytes < HEAD_BYTES) head.push(chunk.subarray(0, HEAD_BYTES - sizeBytes));
      onBytes?.(chunk.subarray(0, Math.max(0, maxBytes - sizeBytes)));
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) break;
    }
  } catch (error) {
    const why = limit.aborted ? `too slow: below ${LEAST_BYTES_PER_MS} kB per second` : inWords(error);
    broken = `${why}, after ${sizeBytes} bytes`;
  }
  return {
    ...{ url, status: response.statusCode, headers: single(response.headers), sizeBytes },
    head: Buffer.concat(head),
    ...(broken !== undefined && { broken }),
  };
}

function single(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]));
}

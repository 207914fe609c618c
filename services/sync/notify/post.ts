import { Agent, type Dispatcher, request } from 'undici';
import { failureWords } from '../../mirrors/failure-words.ts';
import type { EndpointConfig } from '../../registry/notifications/endpoint.ts';
import { EVENTS_MEDIA_TYPE, envelopeOf } from '../../registry/notifications/event.ts';

/** What came of a POST. */
export type PostResult =
  | { readonly kind: 'accepted' }
  /** The receiver does not want these events, as they are. */
  | { readonly kind: 'refused'; readonly reason: string; readonly isTooLarge: boolean }
  /** Nobody could take any events: worth trying again for as long as it takes. */
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number };

/** Read of an answer's body, to use the connection again; the rest is cut off. */
const ANSWER_MAX_BYTES = 16 * 1024;
/** Statuses in 4xx by which the receiver says "later", not "no". */
const LATER = new Set([408, 425, 429]);
/** Sends events to one receiver. Its headers and its URL, which may both hold secrets, appear in no result. */
export class Poster implements AsyncDisposable {
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #headers: Record<string, string[]>;
  readonly #agent: Agent;

  constructor({ url, headers, timeout }: EndpointConfig) {
    this.#url = url;
    this.#timeoutMs = timeout;
    this.#headers = {
      'content-type': [EVENTS_MEDIA_TYPE],
      'user-agent': ['roadstead-notifications'],
      // What is configured replaces ours: receivers made for Distribution 3 may insist on `…events.v2+json`.
      ...Object.fromEntries(
        Object.entries(headers).map(([name, values]) => [name.toLowerCase(), [...values]]),
      ),
    };
    this.#agent = new Agent({
      connections: 1,
      connect: { timeout },
      headersTimeout: timeout,
      bodyTimeout: timeout,
    });
  }

  /** POSTs events, each JSON already, in one envelope. Throws only when the signal aborts. */
  async post(events: readonly string[], signal: AbortSignal): Promise<PostResult> {
    const limit = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await request(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body: envelopeOf(events),
        dispatcher: this.#agent,
        signal: AbortSignal.any([signal, limit]),
      });
      // The status is the answer: a body that breaks off changes nothing.
      await response.body.dump({ limit: ANSWER_MAX_BYTES }).catch(() => undefined);
      return judge(response);
    } catch (error) {
      signal.throwIfAborted();
      const reason = limit.aborted ? `no answer within ${this.#timeoutMs} ms` : failureWords(error);
      return { kind: 'failed', reason, retryAfterMs: 0 };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

/**
 * 2xx is accepted, as by Distribution, which also counts what a redirect leads to. Redirects are not followed here:
 * they would carry headers and events to a place that nobody configured; and they are no success either, because
 * then the events would be lost.
 */
function judge({ statusCode, headers }: Dispatcher.ResponseData): PostResult {
  const isRedirect = statusCode >= 300 && statusCode < 400 && headers['location'] !== undefined;
  if (isRedirect)
    return {
      kind: 'refused',
      reason: `it answers ${statusCode}, a redirect: configure the URL that it leads to`,
      isTooLarge: false,
    };
  if (statusCode < 400) return { kind: 'accepted' };
  const reason = `it answers ${statusCode}`;
  if (statusCode >= 500 || LATER.has(statusCode)) {
    const seconds = /^\d{1,6}$/.exec(String(headers['retry-after'] ?? ''))?.[0];
    return { kind: 'failed', reason, retryAfterMs: Number(seconds ?? 0) * 1000 };
  }
  return { kind: 'refused', reason, isTooLarge: statusCode === 413 };
}

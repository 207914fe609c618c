import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { failureWords } from '../../mirrors/failure-words.ts';
import { jsonOf, type MirrorNotice } from './notice.ts';

const TIMEOUT_MS = 10_000;
/** Pauses before the second and the third try. */
const PAUSES_MS = [1000, 5000];
/** Read of an answer's body, to use the connection again; the rest is cut off. */
const ANSWER_MAX_BYTES = 16 * 1024;

export interface WebhookOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Time limit of a POST. @default 10 s */
  readonly timeoutMs?: number;
  /** @default 1 s and 5 s */
  readonly pausesMs?: readonly number[];
}

/** Posts notices to one URL. The URL and the headers, which may be secrets, are in no error. */
export class Webhook implements AsyncDisposable {
  readonly #options: Required<WebhookOptions>;
  readonly #agent: Agent;

  constructor(options: WebhookOptions) {
    this.#options = { timeoutMs: TIMEOUT_MS, pausesMs: PAUSES_MS, ...options };
    this.#agent = new Agent({ connections: 1 });
  }

  /** Posts a notice, in three tries at most. Throws an Error with the reason of the last failure. */
  async send(notice: MirrorNotice, signal: AbortSignal): Promise<void> {
    const { pausesMs } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const failure = await this.#post(notice, signal);
      if (failure === undefined) return;
      const pauseMs = pausesMs[attempt];
      if (pauseMs === undefined) throw new Error(failure);
      await sleep(pauseMs, undefined, { signal });
    }
  }

  /** Undefined if the receiver accepted it. Redirects lead to a place that nobody configured: they are not followed. */
  async #post(notice: MirrorNotice, signal: AbortSignal): Promise<string | undefined> {
    const { url, headers, timeoutMs } = this.#options;
    const limit = AbortSignal.timeout(timeoutMs);
    const own = Object.entries(headers).map(([name, values]) => [name.toLowerCase(), [...values]]);
    try {
      const response = await request(url, {
        method: 'POST',
        headers: {
          ...{ 'content-type': ['application/json'], 'user-agent': ['roadstead-notices'] },
          ...Object.fromEntries(own),
        },
        body: jsonOf(notice),
        dispatcher: this.#agent,
        signal: AbortSignal.any([signal, limit]),
      });
      await response.body.dump({ limit: ANSWER_MAX_BYTES }).catch(() => undefined);
      return response.statusCode < 300 ? undefined : `it answers ${response.statusCode}`;
    } catch (error) {
      signal.throwIfAborted();
      return limit.aborted ? `no answer within ${timeoutMs} ms` : failureWords(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

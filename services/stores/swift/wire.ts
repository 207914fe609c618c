import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import type { Fence } from '../../registry/storage/fence.ts';
import { askFence } from '../fenced.ts';
import { isCertain, isPassing, SwiftError } from './errors.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Streams at once; each holds its connection for as long as a client takes. */
const STREAMS_MAX = 1024;
/** Short requests at once; more would only wait in Swift, whose memcached for tokens takes such a wait for a failure. */
const CALLS_MAX = 64;

/**
 * Of the answer to a short request, which is read into memory. The largest is a manifest: Swift's own limit is 8 MiB
 * (`max_manifest_size`), before it adds the times and types.
 */
const ANSWER_MAX_BYTES = 64 * 1024 * 1024;

const ATTEMPTS_MAX = 5;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 3000;

export interface WireRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent in chunks, and the request is not repeated. */
  readonly body?: Buffer | Readable;
  /** Statuses that are returned; all others are errors. */
  readonly expects: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** Lasts as long as a client takes: not counted as a short request. */
  readonly isStream?: boolean;
  /** Time limit for the first byte of the answer, for requests that take the server long. */
  readonly headersTimeoutMs?: number;
  /** Asked when the request gets its connection; hears a doubt if there is no certain answer. */
  readonly fence?: Fence | undefined;
}

/** An answer. Its body must be read, dumped or abandoned. */
export interface WireResponse {
  readonly status: number;
  readonly body: Dispatcher.ResponseData['body'];
  header(name: string): string | undefined;
  /** Leaves the body unread, and the connection with it. */
  abandon(): void;
}

/** Connections to a Swift and its Keystone, with a time limit for every wait. */
export class Wire implements AsyncDisposable {
  readonly #calls: Agent;
  readonly #streams: Agent;
  readonly #timeoutMs: number;

  constructor(options: { timeoutMs: number; insecureSkipVerify: boolean }) {
    this.#timeoutMs = options.timeoutMs;
    const agent = (connections: number, limits: Agent.Options = {}) =>
      new Agent({
        ...limits,
        connections,
        bodyTimeout: options.timeoutMs,
        connect: { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: !options.insecureSkipVerify },
      });
    this.#calls = agent(CALLS_MAX, { maxResponseSize: ANSWER_MAX_BYTES });
    this.#streams = agent(STREAMS_MAX);
  }

  /** Sends a request once. `what` names it in errors: no query, which may hold a signature. */
  async send(url: string, request: WireRequest, what: string): Promise<WireResponse> {
    const { fence } = request;
    if (fence === undefined) return this.#send(url, request, what, this.#calls);
    let isMade = false;
    const whenSent = () => {
      askFence(fence);
      isMade = true;
    };
    try {
      return await this.#send(url, request, what, this.#calls.compose(startingWith(whenSent)));
    } catch (error) {
      if (isMade && !isCertain(error)) fence.doubt();
      throw error;
    }
  }

  async #send(url: string, request: WireRequest, what: string, calls: Dispatcher): Promise<WireResponse> {
    const { method, headers = {}, body, expects, signal, headersTimeoutMs = this.#timeoutMs } = request;
    signal?.throwIfAborted();
    const { origin, pathname, search } = new URL(url);
    const response = await (request.isStream ? this.#streams : calls).request({
      origin,
      path: pathname + search,
      method,
      headers,
      body: body ?? null,
      headersTimeout: headersTimeoutMs,
      ...(signal && { signal }),
    });
    const header = (name: string) => {
      const value = response.headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    if (expects.includes(response.statusCode)) {
      const abandon = () => void response.body.on('error', () => undefined).destroy();
      return { status: response.statusCode, body: response.body, header, abandon };
    }
    // What a page of an error says is not for our log; the transaction finds it in Swift's.
    await response.body.dump({ limit: 16 * 1024 }).catch(() => undefined);
    const [transaction, retryAfter] = [header('x-trans-id'), Number(header('retry-after'))];
    throw new SwiftError(what, response.statusCode, {
      ...(transaction && { transaction }),
      ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1000 }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#streams.destroy()]);
  }
}

/** Calls a function when a request has got a connection; if it throws, nothing is sent. */
function startingWith(act: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        act();
        handler.onRequestStart?.(controller, context);
      },
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    });
}

/** Repeats a request after transient failures, with growing waits. */
export async function withRetries<T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || signal?.aborted || !isPassing(error)) throw error;
      const asked = error instanceof SwiftError ? (error.retryAfterMs ?? 0) : 0;
      // With jitter, so that requests that failed together are not repeated together.
      const waitMs = FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
      await pause(Math.min(Math.max(waitMs, asked), LONGEST_WAIT_MS), signal);
    }
  }
}

/** Waits; rejects with the signal's own reason when it aborts. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { ...(signal && { signal }) }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}

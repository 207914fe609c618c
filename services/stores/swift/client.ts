import { FenceRefusedError } from '../fenced.ts';
import { logInWith } from './auth/log-in.ts';
import { Session } from './auth/session.ts';
import { SwiftError, translate } from './errors.ts';
import { type Capabilities, capabilitiesOf, UNTOLD } from './info.ts';
import { Names } from './names.ts';
import { DEFAULTS, type SwiftOptions } from './options.ts';
import { Wire, type WireRequest, type WireResponse, withRetries } from './wire.ts';

export interface SwiftRequest extends WireRequest {
  /** An object of the container. @default the container itself */
  readonly name?: string | undefined;
  /** With its `?`. */
  readonly query?: string;
  /** The account instead of the container (bulk deletes, its metadata). */
  readonly ofAccount?: boolean;
}

/** Sends requests to one container, with a valid token. */
export class SwiftClient implements AsyncDisposable {
  readonly names: Names;
  /** Largest segment of a large object. */
  readonly chunkSizeBytes: number;
  /** Segments younger than this never count as leftovers. */
  readonly leftoverAgeMs: number;
  /** The features of this Swift: Swift's defaults until {@link discover}. */
  capabilities: Capabilities = UNTOLD;
  readonly #wire: Wire;
  readonly #session: Session;

  /** Sends nothing yet. */
  constructor(options: SwiftOptions) {
    const { timeoutMs = DEFAULTS.timeoutMs, insecureSkipVerify = false } = options;
    this.names = new Names(options.container, options.prefix ?? '');
    this.chunkSizeBytes = options.chunkSizeBytes ?? DEFAULTS.chunkSizeBytes;
    this.leftoverAgeMs = options.leftoverAgeMs ?? DEFAULTS.leftoverAgeMs;
    this.#wire = new Wire({ timeoutMs, insecureSkipVerify });
    this.#session = new Session(logInWith(this.#wire, options));
  }

  /**
   * Sends a request and reads the answer; retries transient failures, including an answer that breaks off. For requests
   * that may be repeated, with bodies in memory. Throws StoreFullError if there is no room, and a fence's own error.
   */
  async call<T>(
    request: SwiftRequest & { readonly body?: Buffer },
    read: (response: WireResponse) => Promise<T>,
  ): Promise<T> {
    try {
      return await withRetries(async () => read(await this.#send(request, true)), request.signal);
    } catch (error) {
      if (error instanceof FenceRefusedError) throw error.reason;
      request.signal?.throwIfAborted();
      throw translate(error);
    }
  }

  /** The same for answers of which only the headers matter. */
  ask(request: SwiftRequest & { readonly body?: Buffer }): Promise<WireResponse> {
    return this.call(request, async (response) => {
      await response.body.dump();
      return response;
    });
  }

  /** Sends a body that can be sent only once. */
  async stream(request: SwiftRequest): Promise<WireResponse> {
    try {
      const response = await this.#send({ ...request, isStream: true }, false);
      await response.body.dump();
      return response;
    } catch (error) {
      request.signal?.throwIfAborted();
      throw translate(error);
    }
  }

  /** Asks for the server's, not the account's, features, without a token. Some providers hide them. */
  async discover(): Promise<void> {
    const storageUrl = await this.storageUrl();
    // The account's path ends in /v1/AUTH_…; a proxy or radosgw may add a prefix.
    const url = /^(.*)\/v1(?:\.0)?\/[^/]*$/.exec(storageUrl)?.[1] ?? new URL(storageUrl).origin;
    await withRetries(async () => {
      const request = { method: 'GET', expects: [200, 401, 403, 404] } as const;
      const response = await this.#wire.send(`${url}/info`, request, 'GET /info');
      if (response.status === 200) this.capabilities = capabilitiesOf(await response.body.json());
      else await response.body.dump();
    });
  }

  /** The account's URL from Keystone or TempAuth. */
  async storageUrl(): Promise<string> {
    return (await this.#session.grant()).storageUrl;
  }

  async #send(request: SwiftRequest, mayRepeat: boolean): Promise<WireResponse> {
    const { name, query = '', ofAccount = false, headers, ...rest } = request;
    const path = ofAccount ? '' : this.names.path(name);
    const what = `${request.method} ${ofAccount ? 'of the account' : path}`;
    for (let isFresh = false; ; isFresh = true) {
      const { token, storageUrl } = await this.#session.grant(request.signal);
      try {
        return await this.#wire.send(
          storageUrl + path + query,
          { ...rest, headers: { ...headers, 'x-auth-token': token } },
          what,
        );
      } catch (error) {
        if (!(error instanceof SwiftError) || error.status !== 401) throw error;
        this.#session.refuse(token);
        if (isFresh || !mayRepeat) throw error;
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#wire[Symbol.asyncDispose]();
  }
}

import { logInWith } from './auth/log-in.ts';
import { Session } from './auth/session.ts';
import { SwiftError, translate } from './errors.ts';
import type { Names } from './names.ts';
import { DEFAULT_TIMEOUT_MS, type SwiftOptions } from './options.ts';
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
  readonly #wire: Wire;
  readonly #session: Session;

  /** Sends nothing yet. */
  static open(options: SwiftOptions, names: Names): SwiftClient {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, insecureSkipVerify = false } = options;
    const wire = new Wire({ timeoutMs, insecureSkipVerify });
    return new SwiftClient(wire, new Session(logInWith(wire, options)), names);
  }

  private constructor(wire: Wire, session: Session, names: Names) {
    this.#wire = wire;
    this.#session = session;
    this.names = names;
  }

  /**
   * Sends a request and reads the answer; retries transient failures, including an answer that breaks off. For requests
   * that may be repeated, with bodies in memory. Throws StoreFullError if there is no room.
   */
  async call<T>(
    request: SwiftRequest & { readonly body?: Buffer },
    read: (response: WireResponse, attempt: number) => Promise<T>,
  ): Promise<T> {
    try {
      return await withRetries(
        async (attempt) => read(await this.#send(request, true), attempt),
        request.signal,
      );
    } catch (error) {
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

  /** Reads the server's, not the account's, information, without a token. Undefined if the server hides it. */
  async info(): Promise<unknown> {
    const storageUrl = await this.storageUrl();
    // The account's path ends in /v1/AUTH_…; a proxy or radosgw may add a prefix.
    const url = /^(.*)\/v1(?:\.0)?\/[^/]*$/.exec(storageUrl)?.[1] ?? new URL(storageUrl).origin;
    return withRetries(async () => {
      const request = { method: 'GET', expects: [200, 401, 403, 404] } as const;
      const response = await this.#wire.send(`${url}/info`, request, 'GET /info');
      if (response.status === 200) return response.body.json();
      await response.body.dump();
      return undefined;
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

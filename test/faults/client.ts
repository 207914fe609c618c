import { Agent, type Dispatcher, request } from 'undici';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  header(name: string): string | undefined;
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Breaks the connection off. */
  readonly signal?: AbortSignal;
}

/** The registry answered, but not as it should have. */
export class UnexpectedAnswer extends Error {}

/**
 * A client that does one request at a time and nothing by itself: it follows no redirect and tries nothing twice, so
 * a test sees each answer, and each connection that broke.
 */
export class Client implements AsyncDisposable {
  readonly #url: string;
  readonly #agent = new Agent({ connections: 64 });

  constructor(url: string) {
    this.#url = url;
  }

  async call(
    method: Dispatcher.HttpMethod,
    path: string,
    { headers, body, signal }: Call = {},
  ): Promise<Answer> {
    const response = await request(new URL(path, this.#url), {
      method,
      dispatcher: this.#agent,
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    return {
      status: response.statusCode,
      body: bytes,
      header: (name) => {
        const value = response.headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
    };
  }

  /** A call that must be answered with one of these statuses. */
  async expect(
    statuses: number | readonly number[],
    method: Dispatcher.HttpMethod,
    path: string,
    call: Call = {},
  ): Promise<Answer> {
    const answer = await this.call(method, path, call);
    if ([statuses].flat().includes(answer.status)) return answer;
    const said = answer.body.toString('utf8', 0, 500).trimEnd();
    throw new UnexpectedAnswer(
      `${method} ${path} was answered with ${answer.status}, not ${statuses}: ${said}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

/** All of them, each awaited to its end even when another fails; then the first failure, if any. */
export async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

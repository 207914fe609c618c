import { createInterface } from 'node:readline';
import { request } from 'undici';
import { z } from 'zod';
import {
  ErrorBody,
  ExplainBody,
  type Explanation,
  type Mirrors,
  MirrorsBody,
  PromotionEventBody,
  type PromotionEventLine,
  type PromotionRequestBody,
  type Publications,
  PublicationsBody,
  type Status,
  StatusBody,
} from '../release/schemas.ts';

/** What the release service answered, or that it did not; the message is for the person at the terminal. */
export class ReleaseError extends Error {
  readonly code: string;
  readonly detail: unknown;

  constructor(code: string, message: string, detail?: unknown) {
    super(message);
    this.name = 'ReleaseError';
    this.code = code;
    this.detail = detail;
  }
}

/** The release service, as the command line sees it. */
export class ReleaseClient {
  readonly #server: string;

  constructor(server: string) {
    this.#server = server.replace(/\/+$/, '');
  }

  publications(limit: number): Promise<Publications> {
    return this.#get(`/api/v1/publications?limit=${limit}`, PublicationsBody);
  }

  mirrors(): Promise<Mirrors> {
    return this.#get('/api/v1/mirrors', MirrorsBody);
  }

  status(): Promise<Status> {
    return this.#get('/api/v1/status', StatusBody);
  }

  explain(repository: string, digest: string, client: string | undefined): Promise<Explanation> {
    const query = new URLSearchParams({ repository, digest, ...(client !== undefined && { client }) });
    return this.#get(`/api/v1/explain?${query}`, ExplainBody);
  }

  /** Tells each step as it happens; throws {@link ReleaseError} when the promotion fails. */
  async *promote(body: z.input<typeof PromotionRequestBody>): AsyncGenerator<PromotionEventLine> {
    const response = await this.#send('/api/v1/promotions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      // Mirrors may take their time; the service says something twice a second.
      bodyTimeout: 60_000,
      headersTimeout: 120_000,
    });
    let isOver = false;
    try {
      for await (const line of createInterface({
        input: response.body,
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        const event = PromotionEventBody.parse(JSON.parse(line));
        if (event.event === 'failed')
          throw new ReleaseError(event.error.code, event.error.message, event.error.detail);
        isOver = event.event === 'done';
        yield event;
      }
    } catch (error) {
      if (error instanceof ReleaseError || error instanceof z.ZodError) throw error;
      throw brokenOff();
    }
    if (!isOver) throw brokenOff();
  }

  async #get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const response = await this.#send(path, { method: 'GET' });
    return schema.parse(await response.body.json());
  }

  async #send(path: string, options: Parameters<typeof request>[1]) {
    const response = await request(`${this.#server}${path}`, options).catch((error: unknown) => {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new ReleaseError(
        'UNAVAILABLE',
        `no release service answers at ${this.#server} (${reason}): start one, or name it with --server`,
      );
    });
    if (response.statusCode === 200) return response;
    const text = await response.body.text();
    const parsed = ErrorBody.safeParse(safeJson(text));
    const error = parsed.success ? parsed.data.errors[0] : undefined;
    if (error) throw new ReleaseError(error.code, error.message, error.detail);
    throw new ReleaseError(
      'UNKNOWN',
      `${this.#server}${path} answered ${response.statusCode}: is a Roadstead release service there?`,
    );
  }
}

function brokenOff(): ReleaseError {
  return new ReleaseError(
    'UNAVAILABLE',
    'the connection to the release service broke off: promote again to be sure',
  );
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

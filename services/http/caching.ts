import { type IncomingMessage, ServerResponse } from 'node:http';

/** Who may keep a successful answer, and for how long; what is not named here may be kept by nobody. */
const CACHE_CONTROL = {
  /** The client, which asks each time whether its copy is still right. */
  'client, asking again': 'private, no-cache',
  /** The client, without asking again: content under a digest never changes. */
  'client, for ever': 'private, max-age=31536000, immutable',
  /** Everyone, without asking again. */
  'everyone, for ever': 'public, max-age=31536000, immutable',
  /** Everyone, for less than the time between a key's publication and its first use. */
  'everyone, for 5 s': 'public, max-age=5',
} as const;

/** What {@link allowCaching} allows. */
export type Caching = keyof typeof CACHE_CONTROL;

const NOBODY = 'no-store';
/** Answers with what was asked for. Errors and redirects may be others in a moment, or for another client. */
const SUCCESSES: ReadonlySet<number> = new Set([200, 206, 304]);

/** Allows more than nothing for an answer, should it be a success. */
export function allowCaching({ res }: { readonly res: ServerResponse }, caching: Caching): void {
  if (res instanceof Answer) res.caching = caching;
}

/**
 * Node's answers, with `Cache-Control` and `Vary` set as the head is written, so that no answer lacks them, made by
 * a handler, Koa, or Node itself for a request that it refuses. Nobody may keep an answer unless it is a success and
 * its handler has called {@link allowCaching}. Only what everyone gets does not vary with `Authorization`.
 */
export class Answer<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  caching: Caching | undefined;
  #isContinued = false;

  override writeContinue(callback?: () => void): void {
    this.#isContinued = true;
    super.writeContinue(callback);
  }

  /** Node calls it for heads that are not written explicitly, too. */
  override writeHead(status: number, ...rest: []): this {
    const caching = SUCCESSES.has(status) ? this.caching : undefined;
    this.setHeader('Cache-Control', caching === undefined ? NOBODY : CACHE_CONTROL[caching]);
    if (!caching?.startsWith('everyone')) this.appendHeader('Vary', 'Authorization');
    super.writeHead(status, ...rest);
    // While an answer waits for the one before it on its connection, Node puts its head before what is queued already:
    // before its own `100 Continue`, which would then be taken for the body.
    if (this.socket === null && this.#isContinued) this.flushHeaders();
    return this;
  }
}

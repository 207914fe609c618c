import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a segment was found to be as it passed. */
export interface Passed {
  readonly sizeBytes: number;
  readonly md5: string;
}

/**
 * A client's body, taken in pieces. Ends with the signal's reason as soon as it aborts, even while the client keeps us
 * waiting.
 */
export class BodyReader implements AsyncDisposable {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted: Promise<never>;
  readonly #onAbort: () => void;
  /** Asked for, and not come yet. */
  #coming: Promise<IteratorResult<Buffer>> | undefined;
  /** What the last piece had no room for. */
  #rest: Buffer | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(body: AsyncIterable<Buffer>, signal: AbortSignal | undefined) {
    this.#chunks = body[Symbol.asyncIterator]();
    this.#signal = signal;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.#aborted = promise;
    this.#onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', this.#onAbort);
  }

  /** The first bytes, at least as many as asked for unless the body is shorter; they are not given again. */
  async start(sizeBytes: number): Promise<{ bytes: Buffer; isWhole: boolean }> {
    const chunks: Buffer[] = [];
    let total = 0;
    while (total < sizeBytes) {
      const chunk = await this.#next();
      if (chunk === undefined) return { bytes: Buffer.concat(chunks), isWhole: true };
      chunks.push(chunk);
      total += chunk.length;
    }
    return { bytes: Buffer.concat(chunks), isWhole: false };
  }

  /** Gives back bytes: the next to read. */
  unread(bytes: Buffer): void {
    this.#rest = bytes;
  }

  /** Whether nothing is left. Waits for the next byte. */
  async isAtEnd(): Promise<boolean> {
    const chunk = await this.#next();
    if (chunk !== undefined) this.unread(chunk);
    return chunk === undefined;
  }

  /**
   * Yields up to so many bytes; fewer at the body's end, or when it stalls: a server does not wait for the next byte of
   * a request as long as a client may take for it. `onEnd` hears what has passed.
   */
  async *piece(sizeBytes: number, stallMs: number, onEnd: (passed: Passed) => void): AsyncGenerator<Buffer> {
    const hash = createHash('md5');
    let total = 0;
    while (total < sizeBytes) {
      const chunk = await this.#next(total > 0 ? stallMs : undefined);
      if (chunk === undefined) break;
      const part = chunk.subarray(0, sizeBytes - total);
      if (part.length < chunk.length) this.#rest = chunk.subarray(part.length);
      hash.update(part);
      total += part.length;
      yield part;
    }
    onEnd({ sizeBytes: total, md5: hash.digest('hex') });
  }

  /** Throws what the body or the signal has thrown, if so: the failure behind a request that broke off. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.reason;
    this.#signal?.throwIfAborted();
  }

  /** The next chunk that is not empty; undefined at the end, or after waiting as long as was said. */
  async #next(stallMs?: number): Promise<Buffer | undefined> {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest && rest.length > 0) return rest;
    for (;;) {
      this.#signal?.throwIfAborted();
      const next = await this.#await(stallMs);
      if (next === undefined || next.done) return undefined;
      if (next.value.length > 0) return next.value;
    }
  }

  async #await(stallMs: number | undefined): Promise<IteratorResult<Buffer> | undefined> {
    this.#coming ??= this.#chunks.next();
    // Failing while nobody waits, it is told to who asks next.
    this.#coming.catch(() => undefined);
    const timer = new AbortController();
    try {
      const waits = [this.#coming, this.#aborted];
      const stalled =
        stallMs === undefined
          ? []
          : [sleep(stallMs, undefined, { signal: timer.signal }).catch(() => undefined)];
      const next = await Promise.race([...waits, ...stalled]);
      // An iterator's end is asked for again by the next piece, and gives the same answer.
      if (next !== undefined && !next.done) this.#coming = undefined;
      return next;
    } catch (reason) {
      this.#failure ??= { reason };
      throw reason;
    } finally {
      timer.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    // Not awaited: a stalled body may never answer.
    this.#chunks.return?.().catch(() => undefined);
  }
}

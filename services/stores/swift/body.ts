import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../until.ts';

/** The size and hash of a segment, computed as it passed. */
export interface Passed {
  readonly sizeBytes: number;
  readonly md5: string;
}

/**
 * A client's body, read in pieces. Fails with the signal's reason as soon as it aborts, even while waiting for the client.
 */
export class BodyReader implements AsyncDisposable {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #signal: AbortSignal | undefined;
  /** The chunk that was requested, but has not arrived yet. */
  #coming: Promise<IteratorResult<Buffer>> | undefined;
  /** Bytes that did not fit into the last piece. */
  #rest: Buffer | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(body: AsyncIterable<Buffer>, signal: AbortSignal | undefined) {
    this.#chunks = (signal ? until(signal, body) : body)[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  /** Takes the first bytes, at least as many as requested unless the body is shorter. */
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

  /** Puts bytes back, to be read next. */
  unread(bytes: Buffer): void {
    this.#rest = bytes;
  }

  /** Whether the body has ended. Waits for the next byte. */
  async isAtEnd(): Promise<boolean> {
    const chunk = await this.#next();
    if (chunk !== undefined) this.unread(chunk);
    return chunk === undefined;
  }

  /**
   * Yields up to this many bytes; fewer at the body's end, or when it stalls: a server waits less for the next byte of a
   * request than a client may take for it. Calls `onEnd` with what has passed.
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

  /** Throws the error of the body or the signal, if any: the failure behind a request that broke off. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.reason;
    this.#signal?.throwIfAborted();
  }

  /** The next non-empty chunk; undefined at the end, or after the time limit. */
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
    // If it fails while nobody waits, the next caller gets the error.
    this.#coming.catch(() => undefined);
    const timer = new AbortController();
    try {
      const stalled =
        stallMs === undefined
          ? []
          : [sleep(stallMs, undefined, { signal: timer.signal }).catch(() => undefined)];
      const next = await Promise.race([this.#coming, ...stalled]);
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
    // Not awaited: a stalled body may never answer.
    this.#chunks.return?.().catch(() => undefined);
  }
}

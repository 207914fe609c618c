import type { PieceHash } from './upload-hash.ts';

/** How much of a request's body is at risk before it is recorded. */
export interface Checkpoints {
  /** A longer body is recorded each time that this many bytes of it have come. */
  readonly checkpointBytes: number;
  /** A slow body is recorded this long after the first byte that is not recorded yet. */
  readonly checkpointMs: number;
}

/**
 * A resumed upload has all but the last 64 MiB, or the last minute, of what came. On S3 a segment of this size is copied
 * in parts as large as those of one object, and 10 GB have 150 segments.
 */
export const CHECKPOINTS: Checkpoints = { checkpointBytes: 64 * 1024 * 1024, checkpointMs: 60_000 };

/** Checkpoints at which an upload that grows never reaches the age at which it is purged, even if the store is slow. */
export function checkpointsWithin(purgeAgeMs: number): Checkpoints {
  return { ...CHECKPOINTS, checkpointMs: Math.min(CHECKPOINTS.checkpointMs, purgeAgeMs / 4) };
}

/** Bytes of a request up to a checkpoint. */
export interface BodyPiece {
  /** To be read once, before the next piece is asked for. At least one byte, unless reading stops before. */
  readonly chunks: AsyncIterable<Buffer>;
  /** What has been read of it so far. */
  readonly passed: { readonly sizeBytes: number };
}

/**
 * A request's body, hashed as it passes, and cut at checkpoints. One that breaks off ends there, as if that were its end;
 * `error` is then why it broke off.
 */
export class BodyPieces implements AsyncDisposable {
  readonly #stream: AsyncIterator<Buffer>;
  readonly #hash: PieceHash;
  readonly #checkpoints: Checkpoints;
  /** The chunk that was asked for, but has not come yet. */
  #coming: Promise<IteratorResult<Buffer, unknown>> | undefined;
  /** Bytes of the next piece. */
  #rest: Buffer | undefined;
  #isOver = false;
  /** Ends the wait for a chunk. */
  #stopWaiting: () => void = () => undefined;
  error: unknown;

  constructor(stream: AsyncIterable<Buffer>, hash: PieceHash, checkpoints: Checkpoints) {
    this.#stream = stream[Symbol.asyncIterator]();
    this.#hash = hash;
    this.#checkpoints = checkpoints;
  }

  /** Whether there is another piece; waits for its first byte. */
  async hasNext(): Promise<boolean> {
    this.#rest ??= await this.#next();
    return this.#rest !== undefined;
  }

  next(): BodyPiece {
    const passed = { sizeBytes: 0 };
    return { chunks: this.#piece(passed), passed };
  }

  async *#piece(passed: { sizeBytes: number }): AsyncGenerator<Buffer> {
    const { checkpointBytes, checkpointMs } = this.#checkpoints;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#stopWaiting();
    }, checkpointMs);
    try {
      while (passed.sizeBytes < checkpointBytes && !isLate) {
        const chunk = this.#rest ?? (await this.#next());
        this.#rest = undefined;
        if (chunk === undefined) return;
        const part = chunk.subarray(0, checkpointBytes - passed.sizeBytes);
        if (part.length < chunk.length) this.#rest = chunk.subarray(part.length);
        this.#hash.update(part);
        passed.sizeBytes += part.length;
        yield part;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next chunk with bytes; undefined at the end, or when the wait is ended. */
  async #next(): Promise<Buffer | undefined> {
    while (!this.#isOver) {
      this.#coming ??= this.#stream.next();
      try {
        const next = await this.#orStopped(this.#coming);
        if (next === undefined) return undefined;
        this.#coming = undefined;
        if (next.done) this.#isOver = true;
        else if (next.value.length > 0) return next.value;
      } catch (cause) {
        this.#isOver = true;
        this.error = cause ?? new Error('the body broke off');
      }
    }
    return undefined;
  }

  /** Not by Promise.race, which would keep a reaction for each chunk of a body for as long as the timer runs. */
  #orStopped<T>(coming: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#stopWaiting = () => resolve(undefined);
      coming.then(resolve, reject);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not awaited: a stalled body may never answer.
    this.#stream.return?.().catch(() => undefined);
  }
}

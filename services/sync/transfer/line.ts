import type { Bandwidth } from './bandwidth.ts';

/** What is sent between two looks at the bandwidth. */
const PIECE_BYTES = 64 * 1024;

/** The right to one upload. */
export class Line {
  readonly mirror: string;
  readonly #bandwidth: Bandwidth;
  /** Since when nothing has moved that the mirror is to move; undefined while it is not the mirror that is waited for. */
  #waitsSince: number | undefined = performance.now();

  constructor(mirror: string, bandwidth: Bandwidth) {
    this.mirror = mirror;
    this.#bandwidth = bandwidth;
  }

  /** Whether the mirror has taken nothing for this long. */
  isStuck(stuckMs: number): boolean {
    return this.#waitsSince !== undefined && performance.now() - this.#waitsSince >= stuckMs;
  }

  /** A body that keeps to the common bandwidth, and by which the line's progress is seen. */
  async *throttle(body: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
    this.#waitsSince = undefined;
    try {
      for await (const chunk of body)
        for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
          const piece = chunk.subarray(at, at + PIECE_BYTES);
          await this.#bandwidth.take(piece.length, signal);
          this.#waitsSince = performance.now();
          yield piece;
          this.#waitsSince = undefined;
        }
    } finally {
      // For the answer.
      this.#waitsSince = performance.now();
    }
  }
}

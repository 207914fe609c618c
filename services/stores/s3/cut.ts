/** A part of a body; all but the last have the same size. */
export interface CutPart {
  readonly bytes: Buffer;
  readonly isLast: boolean;
}

const FIRST_BUFFER_BYTES = 64 * 1024;

/** Cuts a body into parts of one size; a body of nothing is one empty part. */
export async function* cut(
  body: AsyncIterable<Buffer>,
  partBytes: number,
): AsyncGenerator<CutPart, void, undefined> {
  const part = new GrowingPart(partBytes);
  for await (const chunk of body) {
    for (let taken = 0; taken < chunk.length; ) {
      // Only now, when more has come, is it known that a full part is not the last one.
      if (part.isFull) yield { bytes: part.take(), isLast: false };
      taken += part.fill(chunk.subarray(taken));
    }
  }
  yield { bytes: part.take(), isLast: true };
}

/** Memory as bodies need it: most are far smaller than a part. */
class GrowingPart {
  readonly #limitBytes: number;
  #buffer = Buffer.alloc(0);
  #filled = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get isFull(): boolean {
    return this.#filled === this.#limitBytes;
  }

  /** Takes what there is room for; answers how many bytes. */
  fill(chunk: Buffer): number {
    const wantedBytes = Math.min(this.#filled + chunk.length, this.#limitBytes);
    if (wantedBytes > this.#buffer.length) this.#grow(wantedBytes);
    const copied = chunk.copy(this.#buffer, this.#filled, 0, wantedBytes - this.#filled);
    this.#filled += copied;
    return copied;
  }

  /** What was filled in; the next part gets memory of its own. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#filled);
    this.#buffer = Buffer.alloc(0);
    this.#filled = 0;
    return taken;
  }

  #grow(wantedBytes: number): void {
    const doubled = Math.max(wantedBytes, this.#buffer.length * 2, FIRST_BUFFER_BYTES);
    const larger = Buffer.allocUnsafeSlow(Math.min(doubled, this.#limitBytes));
    this.#buffer.copy(larger, 0, 0, this.#filled);
    this.#buffer = larger;
  }
}

/** A part of a body; all but the last have the same size. */
export interface CutPart {
  readonly bytes: Buffer;
  readonly isLast: boolean;
  /** To be called when the bytes are no longer needed: their memory is reused for a later part. */
  readonly release: () => void;
}

const FIRST_BUFFER_BYTES = 64 * 1024;

/** Cuts a body into parts of one size; an empty body is one empty part. */
export async function* cut(
  body: AsyncIterable<Buffer>,
  partBytes: number,
): AsyncGenerator<CutPart, void, undefined> {
  // V8 collects garbage of this size late: a push of gigabytes would hold a hundred megabytes of it.
  const free: Buffer[] = [];
  const part = new GrowingPart(partBytes, free);
  for await (const chunk of body) {
    for (let taken = 0; taken < chunk.length; ) {
      // Only now, when more has come, is it known that a full part is not the last one.
      if (part.isFull) yield part.take(false);
      taken += part.fill(chunk.subarray(taken));
    }
  }
  yield part.take(true);
}

/** Memory that grows with the body: most bodies are far smaller than a part. */
class GrowingPart {
  readonly #limitBytes: number;
  /** Buffers of whole parts that have been sent. */
  readonly #free: Buffer[];
  #buffer: Buffer = Buffer.alloc(0);
  #filled = 0;

  constructor(limitBytes: number, free: Buffer[]) {
    this.#limitBytes = limitBytes;
    this.#free = free;
  }

  get isFull(): boolean {
    return this.#filled === this.#limitBytes;
  }

  /** Copies the bytes that fit; returns how many. */
  fill(chunk: Buffer): number {
    const wantedBytes = Math.min(this.#filled + chunk.length, this.#limitBytes);
    if (wantedBytes > this.#buffer.length) this.#grow(wantedBytes);
    const copied = chunk.copy(this.#buffer, this.#filled, 0, wantedBytes - this.#filled);
    this.#filled += copied;
    return copied;
  }

  /** The bytes so far; the next part gets other memory. */
  take(isLast: boolean): CutPart {
    const whole = this.#buffer;
    const bytes = whole.subarray(0, this.#filled);
    this.#buffer = isLast ? Buffer.alloc(0) : (this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#limitBytes));
    this.#filled = 0;
    return { bytes, isLast, release: () => void this.#free.push(whole) };
  }

  #grow(wantedBytes: number): void {
    const doubled = Math.max(this.#buffer.length * 2, FIRST_BUFFER_BYTES, wantedBytes);
    const larger = Buffer.allocUnsafeSlow(Math.min(doubled, this.#limitBytes));
    this.#buffer.copy(larger, 0, 0, this.#filled);
    this.#buffer = larger;
  }
}

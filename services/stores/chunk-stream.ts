import { Readable } from 'node:stream';

/** Chunks as a stream. Destroying it calls `abandon`, which must end the chunks soon. */
export class ChunkStream extends Readable {
  readonly #chunks: AsyncGenerator<Buffer, void, undefined>;
  readonly #abandon: () => void;

  constructor(chunks: AsyncGenerator<Buffer, void, undefined>, abandon: () => void) {
    super({ highWaterMark: 256 * 1024 });
    this.#chunks = chunks;
    this.#abandon = abandon;
  }

  override _read(): void {
    this.#chunks.next().then(
      ({ done, value }) => this.push(done ? null : value),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.readableEnded) this.#abandon();
    // A reader that waits for a chunk holds a connection.
    this.#chunks.return().catch(() => undefined);
    done(error);
  }
}

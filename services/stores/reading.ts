import { addAbortSignal, Readable } from 'node:stream';
import type { ObjectRead, ObjectStat } from '../registry/storage/object-store.ts';

/** An object that is being read. */
export interface Reading extends ObjectStat {
  readonly chunks: AsyncGenerator<Buffer, void, undefined>;
  /** Ends the chunks and their connection at once. */
  readonly abandon: () => void;
}

/** The object with its chunks as a stream, which also ends when the signal aborts. */
export function streamed(reading: Reading, signal?: AbortSignal): ObjectRead {
  const { sizeBytes, modifiedAt } = reading;
  const body = new ChunkStream(reading);
  return { sizeBytes, modifiedAt, body: signal ? addAbortSignal(signal, body) : body };
}

/** Destroying it abandons the chunks. */
class ChunkStream extends Readable {
  readonly #reading: Reading;

  constructor(reading: Reading) {
    super({ highWaterMark: 256 * 1024 });
    this.#reading = reading;
  }

  override _read(): void {
    this.#reading.chunks.next().then(
      ({ done, value }) => this.push(done ? null : value),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.readableEnded) this.#reading.abandon();
    // A reader that waits for a chunk holds a connection.
    this.#reading.chunks.return().catch(() => undefined);
    done(error);
  }
}

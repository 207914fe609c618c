import type { WantedBlob } from '../targets/target.ts';
import { SpoolFile } from './spool-file.ts';
import { type OpenBlob, storeBytes } from './store-bytes.ts';

interface Source {
  readonly directory: string;
  readonly open: OpenBlob;
  readonly patienceMs?: number | undefined;
}

/** A blob in the spool, or on its way into it. */
export class SpoolEntry implements AsyncDisposable {
  readonly blob: WantedBlob;
  /** How many read it now. */
  users = 0;
  /** Its file, which may still be filled; undefined if the store does not have the blob. */
  readonly file: Promise<SpoolFile | undefined>;
  /** Ends when no more bytes come, with the reason if some are missing. Never rejects. */
  readonly filled: Promise<unknown>;
  readonly #stop = new AbortController();
  #made: SpoolFile | undefined;
  #isClosed = false;

  constructor(blob: WantedBlob, source: Source) {
    this.blob = blob;
    const opened = this.#open(source);
    this.file = opened.then((both) => both?.file);
    this.filled = opened.then((both) => both?.file.fill(both.bytes)).catch((error: unknown) => error);
    // Those that use it get the failure.
    this.file.catch(() => undefined);
  }

  /** Whether all bytes are there. */
  get isWhole(): boolean {
    return this.#made?.isFull === true;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends the fill, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#stop.abort(new Error('nobody wants these bytes any more'));
    await this.filled;
    await this.#made?.[Symbol.asyncDispose]();
  }

  async #open({ directory, open, patienceMs }: Source) {
    const { signal } = this.#stop;
    const bytes = await storeBytes(open, this.blob, signal, patienceMs);
    if (bytes === undefined) return undefined;
    try {
      const file = await SpoolFile.create(directory, this.blob.sizeBytes);
      this.#made = file;
      return { bytes, file };
    } catch (error) {
      // The stream that was opened ends with the signal.
      this.#stop.abort(error);
      throw error;
    }
  }
}

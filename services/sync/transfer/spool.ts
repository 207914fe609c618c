import type { Sha256Digest } from '../../registry/oci/digest.ts';
import { untilAborted } from '../../registry/runtime/waiting.ts';
import type { WantedBlob } from '../targets/target.ts';
import { SpoolEntry } from './spool-entry.ts';
import { SpoolDiskError } from './spool-file.ts';
import { type OpenBlob, readDirectly } from './store-bytes.ts';

export interface SpoolOptions {
  /** For temporary files, which have no names. */
  readonly directory: string;
  /** The most that all files may hold; 0 to read every blob from the store each time, as suits a local store. */
  readonly maxBytes: number;
  readonly open: OpenBlob;
  /** How long the store may fail before a read of it does. @default 60_000 */
  readonly patienceMs?: number | undefined;
}

/** The most open files. */
const FILES_MAX = 256;
/** How long a disk that failed is not used. */
const DISK_PAUSE_MS = 60_000;

/**
 * Reads a blob of a remote store once for many mirrors: the first that wants it fills a temporary file, from which all read,
 * at their own pace. Files that nobody uses stay for those that come later; the least recently used are dropped first. A
 * blob that does not fit, or a disk that fails, costs further reads of the store, and nothing else.
 */
export class Spool implements AsyncDisposable {
  readonly #options: SpoolOptions;
  /** In the order of their last use. */
  readonly #entries = new Map<Sha256Digest, SpoolEntry>();
  readonly #closing = new Set<Promise<void>>();
  #usedBytes = 0;
  #openFiles = 0;
  #diskUntil = Number.NEGATIVE_INFINITY;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /**
   * Calls `act` with a function that begins to read a blob from its first byte, as often as it is called. Undefined, without
   * a call, if the store does not have the blob. Reading throws what the store throws. If the spool's own disk fails, `act`
   * is called once more, with bytes from the store.
   */
  async use<T>(
    blob: WantedBlob,
    signal: AbortSignal,
    act: (body: () => AsyncIterable<Buffer>) => Promise<T>,
  ): Promise<T | undefined> {
    signal.throwIfAborted();
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    try {
      const entry = this.#entryOf(blob);
      if (entry !== undefined) return await this.#read(entry, both, act);
    } catch (error) {
      if (!(error instanceof SpoolDiskError)) throw error;
      this.#diskUntil = performance.now() + DISK_PAUSE_MS;
    } finally {
      // What still reads, reads for nobody.
      over.abort(new Error('the use of the spool is over'));
    }
    return readDirectly(this.#options, blob, signal, act);
  }

  /** Ends all fills, and drops all files. To be called when nothing uses it any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const entry of [...this.#entries.values()]) this.#forget(entry);
    await Promise.all(this.#closing);
  }

  async #read<T>(
    entry: SpoolEntry,
    signal: AbortSignal,
    act: (body: () => AsyncIterable<Buffer>) => Promise<T>,
  ): Promise<T | undefined> {
    entry.users++;
    try {
      const file = await untilAborted(entry.file, signal);
      return file && (await act(() => file.read(signal)));
    } finally {
      entry.users--;
      if (entry.users === 0 && !entry.isWhole) this.#forget(entry);
      this.#closeUnused(entry);
    }
  }

  /** The entry of a blob, moved to the end of the order; undefined if there is no room for it. */
  #entryOf(blob: WantedBlob): SpoolEntry | undefined {
    const found = this.#entries.get(blob.digest);
    if (found !== undefined) this.#entries.delete(blob.digest);
    else if (!this.#makeRoom(blob.sizeBytes)) return undefined;
    const entry = found ?? this.#begin(blob);
    this.#entries.set(blob.digest, entry);
    return entry;
  }

  #makeRoom(sizeBytes: number): boolean {
    const { maxBytes } = this.#options;
    if (sizeBytes > maxBytes || performance.now() < this.#diskUntil) return false;
    const fits = () => this.#usedBytes + sizeBytes <= maxBytes && this.#openFiles < FILES_MAX;
    for (const entry of this.#entries.values()) {
      if (fits()) break;
      if (entry.users === 0) this.#forget(entry);
    }
    return fits();
  }

  #begin(blob: WantedBlob): SpoolEntry {
    this.#usedBytes += blob.sizeBytes;
    this.#openFiles++;
    const entry = new SpoolEntry(blob, this.#options);
    void entry.filled.then((failure) => {
      if (failure === undefined) return;
      if (failure instanceof SpoolDiskError) this.#diskUntil = performance.now() + DISK_PAUSE_MS;
      this.#forget(entry);
    });
    return entry;
  }

  /** Its present users keep it; the next one begins again. */
  #forget(entry: SpoolEntry): void {
    if (this.#entries.get(entry.blob.digest) === entry) this.#entries.delete(entry.blob.digest);
    this.#closeUnused(entry);
  }

  #closeUnused(entry: SpoolEntry): void {
    if (entry.users > 0 || entry.isClosed || this.#entries.get(entry.blob.digest) === entry) return;
    // The file is freed within moments, and what comes into its place takes longer than that.
    this.#usedBytes -= entry.blob.sizeBytes;
    this.#openFiles--;
    const closing = entry[Symbol.asyncDispose]().then(() => void this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

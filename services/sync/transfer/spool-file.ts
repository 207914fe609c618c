import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { untilAborted } from '../../registry/runtime/waiting.ts';

const READ_BYTES = 256 * 1024;

/** The spool's own disk failed, or is full: the store and the mirrors are not to blame. */
export class SpoolDiskError extends Error {
  override name = 'SpoolDiskError';
}

/**
 * A file without a name that is read while it is being filled. The file system frees it when the process ends, however that
 * happens.
 */
export class SpoolFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #sizeBytes: number;
  #filledBytes = 0;
  #failure: unknown;
  #moved = Promise.withResolvers<void>();

  private constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
  }

  /** Makes one for this many bytes, in a directory that is made if it does not exist. Throws a {@link SpoolDiskError}. */
  static async create(directory: string, sizeBytes: number): Promise<SpoolFile> {
    const path = join(directory, `roadstead-spool-${randomUUID()}`);
    return onDisk(async () => {
      await mkdir(directory, { recursive: true });
      const handle = await open(path, 'wx+', 0o600);
      await unlink(path);
      return new SpoolFile(handle, sizeBytes);
    });
  }

  /** Whether all bytes are there. */
  get isFull(): boolean {
    return this.#filledBytes === this.#sizeBytes && this.#failure === undefined;
  }

  /** Writes all bytes of a source; its failure, which is thrown, also fails those that read. */
  async fill(source: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const chunk of source) {
        await onDisk(() => this.#write(chunk));
        this.#filledBytes += chunk.length;
        this.#notify();
      }
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#notify();
    }
  }

  /** The bytes from the first on; waits for those that are yet to come. Throws what failed the fill. */
  async *read(signal: AbortSignal): AsyncGenerator<Buffer> {
    for (let at = 0; ; ) {
      signal.throwIfAborted();
      const { promise } = this.#moved;
      const readyBytes = this.#filledBytes - at;
      if (readyBytes > 0) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, readyBytes));
        const { bytesRead } = await onDisk(() => this.#handle.read(buffer, 0, buffer.length, at));
        if (bytesRead === 0) throw new SpoolDiskError('the spool lost bytes');
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      } else if (this.#failure !== undefined) throw this.#failure;
      else if (this.isFull) return;
      else await untilAborted(promise, signal);
    }
  }

  /** To be called when nobody reads or fills it any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  async #write(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await this.#handle.write(chunk, at, chunk.length - at, this.#filledBytes + at);
      at += bytesWritten;
    }
  }

  #notify(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }
}

async function onDisk<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw new SpoolDiskError('the spool cannot be used', { cause });
  }
}

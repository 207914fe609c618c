import fs from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { BoundedCalls } from './bounded-calls.ts';

/** Syncing a large file writes what the kernel has gathered of it, on a slow disk for minutes. */
const SYNC_PATIENCE = 10;

/** By which argument says where they may hang: for `link` and `rename`, the new name. */
const AT_FIRST_PATH = [
  ...(['access', 'stat', 'lstat', 'realpath', 'readdir'] as const),
  ...(['mkdir', 'rmdir', 'readFile'] as const),
] as const;

/** The functions of node:fs/promises that the registry uses, with the same arguments, as bounded calls. */
export function guardedFs(calls: BoundedCalls) {
  function guard<N extends keyof typeof fs>(names: readonly N[], pathAt: number): Pick<typeof fs, N> {
    const guarded =
      (name: N) =>
      (...args: readonly unknown[]) => {
        // Looked up at each call: tests put another file system in its place.
        const call = fs[name] as (...args: readonly unknown[]) => Promise<unknown>;
        return calls.run({ name, path: String(args[pathAt]), act: () => call(...args) });
      };
    return Object.fromEntries(names.map((name) => [name, guarded(name)])) as Pick<typeof fs, N>;
  }

  /** Also done when its caller has given up: temporary files go when the file system is back. */
  const rm = (path: string, options?: Parameters<typeof fs.rm>[1]): Promise<void> =>
    calls.run({ name: 'rm', path, act: () => fs.rm(path, options), mustRun: true });

  return {
    ...guard(AT_FIRST_PATH, 0),
    ...guard(['link'], 1),
    rm,

    /** As node:fs/promises; `before` is called in the call's turn, right before it is made. If it throws, it is not. */
    rename: (from: string, to: string, before?: () => void): Promise<void> =>
      calls.run({ name: 'rename', path: to, act: after(before, () => fs.rename(from, to)) }),

    /** As {@link rename}. */
    unlink: (path: string, before?: () => void): Promise<void> =>
      calls.run({ name: 'unlink', path, act: after(before, () => fs.unlink(path)) }),

    /** As node:fs/promises; a file that was created too late for its caller is removed again. */
    open: (path: string, flags: string, mode?: number): Promise<FileHandle> =>
      calls.run({
        name: 'open',
        path,
        act: async () => new FileHandle(await fs.open(path, flags, mode), path, calls),
        late: (handle) => {
          handle.close().catch(() => undefined);
          if (flags.includes('x')) rm(path, { force: true }).catch(() => undefined);
        },
      }),
  };
}

function after<T>(before: (() => void) | undefined, act: () => Promise<T>): () => Promise<T> {
  return async () => {
    before?.();
    return act();
  };
}

/** An open file whose calls are bounded. Its path counts as hanging when one of them does. */
export class FileHandle {
  readonly #handle: fs.FileHandle;
  readonly #path: string;
  readonly #calls: BoundedCalls;

  constructor(handle: fs.FileHandle, path: string, calls: BoundedCalls) {
    this.#handle = handle;
    this.#path = path;
    this.#calls = calls;
  }

  stat() {
    return this.#calls.run({ name: 'stat', path: this.#path, act: () => this.#handle.stat(), isFirst: true });
  }

  /** The file's inode number. */
  async inode(): Promise<bigint> {
    return (await this.#run('stat', () => this.#handle.stat({ bigint: true }))).ino;
  }

  read(buffer: Buffer, offset: number, lengthBytes: number, position: number | null) {
    return this.#run('read', () => this.#handle.read(buffer, offset, lengthBytes, position));
  }

  readFile() {
    const act = () => this.#handle.readFile();
    return this.#calls.run({ name: 'read', path: this.#path, act, isFirst: true });
  }

  writev(buffers: readonly Buffer[], position: number) {
    return this.#run('write', () => this.#handle.writev(buffers, position));
  }

  write(buffer: Buffer, offset: number, lengthBytes: number, position: number) {
    return this.#run('write', () => this.#handle.write(buffer, offset, lengthBytes, position));
  }

  truncate(sizeBytes: number) {
    return this.#run('truncate', () => this.#handle.truncate(sizeBytes));
  }

  sync(): Promise<void> {
    return this.#run('fsync', () => this.#handle.sync(), SYNC_PATIENCE);
  }

  datasync(): Promise<void> {
    return this.#run('fdatasync', () => this.#handle.datasync(), SYNC_PATIENCE);
  }

  /** Closes it after all its calls have returned, even if its caller has given up by then. */
  close(): Promise<void> {
    const act = () => this.#handle.close();
    return this.#calls.run({ name: 'close', path: this.#path, act, mustRun: true, isFirst: true });
  }

  /** A stream of the bytes from `first` to `last`, both included, that closes the file at its end. */
  stream(first: number, last: number, highWaterMark: number, signal?: AbortSignal): Readable {
    let position = first;
    const handle = this;
    return new Readable({
      highWaterMark,
      read() {
        const wantedBytes = Math.min(highWaterMark, last - position + 1);
        if (wantedBytes <= 0) {
          this.push(null);
          return;
        }
        const buffer = Buffer.allocUnsafeSlow(wantedBytes);
        handle.read(buffer, 0, wantedBytes, position).then(
          ({ bytesRead }) => {
            position += bytesRead;
            this.push(bytesRead === 0 ? null : buffer.subarray(0, bytesRead));
          },
          (error: Error) => this.destroy(error),
        );
      },
      destroy(error, callback) {
        handle.close().then(
          () => callback(error),
          (closing: Error) => callback(error ?? closing),
        );
      },
      ...(signal && { signal }),
    });
  }

  #run<T>(name: string, act: () => Promise<T>, patience = 1): Promise<T> {
    return this.#calls.run({ name, path: this.#path, act, patience });
  }
}

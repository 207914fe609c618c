import { resolve } from 'node:path';
import { hexOf } from '../../registry/oci/digest.ts';
import { untilAborted } from '../../registry/runtime/waiting.ts';
import { blobDataKey } from '../../registry/storage/layout.ts';
import type { Request } from './directory-messages.ts';
import { DirectoryProcess } from './directory-process.ts';
import type { MirrorTarget, WantedBlob } from './target.ts';
import { WriteRefused } from './write-refused.ts';

export interface DirectoryTargetOptions {
  /** How long the file system may be silent before it counts as hanging. @default 30_000 */
  readonly patienceMs?: number | undefined;
  /** Carries out requests in the directory. @default a process of its own */
  readonly worker?: DirectoryWorker | undefined;
}

/** Carries out requests in a directory, one after the other. */
export interface DirectoryWorker extends AsyncDisposable {
  ask(request: Request): Promise<void>;
}

const PATIENCE_MS = 30_000;

/**
 * A mirror whose document root is a directory of this machine, or mounted on it. A separate process works there: a hanging
 * file system (a network mount, a failing disk) would block this process's threads and keep it from exiting.
 */
export class DirectoryTarget implements MirrorTarget {
  readonly #worker: DirectoryWorker;
  #lastId = 0;

  constructor(directory: string, options: DirectoryTargetOptions = {}) {
    const { patienceMs = PATIENCE_MS, worker } = options;
    this.#worker = worker ?? new DirectoryProcess({ directory: resolve(directory), patienceMs });
  }

  async write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    const id = ++this.#lastId;
    const ask = (request: Request) =>
      this.#ask(request, signal).catch((error) => refuse(error, blob, signal));
    try {
      const path = blobDataKey(blob.digest);
      await ask({ kind: 'begin', id, path, stem: hexOf(blob.digest) });
      for await (const bytes of body) await ask({ kind: 'chunk', id, bytes });
      await ask({ kind: 'commit', id });
    } catch (error) {
      const aborted = this.#ask({ kind: 'abort', id }).catch(() => undefined);
      // A stop does not wait for the file system.
      if (!signal.aborted) await aborted;
      throw error;
    }
  }

  async sweep(olderThanMs: number, signal: AbortSignal): Promise<void> {
    await this.#ask({ kind: 'sweep', id: ++this.#lastId, olderThanMs }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
  }

  async #ask(request: Request, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    return untilAborted(this.#worker.ask(request), signal);
  }
}

/** What says that a file system has no room for a file, or takes none of its size. */
const BY_SIZE: Readonly<Record<string, string>> = {
  ENOSPC: 'its disk is full',
  EDQUOT: 'its quota is used up',
  EFBIG: 'its file system takes no file of this size',
};

/** Throws what a failed request means for the blob. */
function refuse(error: NodeJS.ErrnoException, { sizeBytes }: WantedBlob, signal: AbortSignal): never {
  signal.throwIfAborted();
  const words = BY_SIZE[error.code ?? ''];
  if (words === undefined) throw new WriteRefused(error.message, { kind: 'mirror', cause: error });
  const message = `${words} (${sizeBytes} bytes)`;
  throw new WriteRefused(message, { kind: 'this-blob', isBySize: true, cause: error });
}

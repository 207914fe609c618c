import { resolve } from 'node:path';
import { hexOf } from '../../registry/oci/digest.ts';
import { untilAborted } from '../../registry/runtime/waiting.ts';
import { blobDataKey } from '../../registry/storage/layout.ts';
import type { Found, Request } from './directory-messages.ts';
import { DirectoryProcess } from './directory-process.ts';
import type { MirrorTarget, WantedBlob } from './target.ts';

export interface DirectoryTargetOptions {
  /** How long the file system may be silent before it counts as hanging. @default 30_000 */
  readonly patienceMs?: number | undefined;
  /** Carries out requests in the directory. @default a process of its own */
  readonly worker?: DirectoryWorker | undefined;
}

/** Carries out requests in a directory, one after the other. */
export interface DirectoryWorker extends AsyncDisposable {
  ask(request: Request): Promise<Found>;
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
    try {
      const path = blobDataKey(blob.digest);
      await this.#ask({ kind: 'begin', id, path, stem: hexOf(blob.digest) }, signal);
      for await (const bytes of body) await this.#ask({ kind: 'chunk', id, bytes }, signal);
      await this.#ask({ kind: 'commit', id }, signal);
    } catch (error) {
      const aborted = this.#ask({ kind: 'abort', id }).catch(() => undefined);
      // A stop does not wait for the file system.
      if (!signal.aborted) await aborted;
      throw error;
    }
  }

  async verify(blob: WantedBlob, signal: AbortSignal): Promise<'good' | 'bad' | 'absent'> {
    const path = blobDataKey(blob.digest);
    const { sizeBytes } = await this.#ask({ kind: 'size', id: ++this.#lastId, path }, signal);
    if (sizeBytes === undefined) return 'absent';
    if (sizeBytes !== blob.sizeBytes) return 'bad';
    const { sha256 } = await this.#ask({ kind: 'digest', id: ++this.#lastId, path, sizeBytes }, signal);
    return sha256 === hexOf(blob.digest) ? 'good' : 'bad';
  }

  async has(blob: WantedBlob, signal?: AbortSignal): Promise<boolean> {
    const path = blobDataKey(blob.digest);
    const { sizeBytes } = await this.#ask({ kind: 'size', id: ++this.#lastId, path }, signal);
    return sizeBytes === blob.sizeBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
  }

  async #ask(request: Request, signal?: AbortSignal): Promise<Found> {
    signal?.throwIfAborted();
    return untilAborted(this.#worker.ask(request), signal);
  }
}

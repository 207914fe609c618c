import { basename, dirname, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import {
  type ByteRange,
  type CreateOptions,
  type DeleteOptions,
  type ListPage,
  type ListRequest,
  type ObjectRead,
  type ObjectStat,
  type ObjectStore,
  ObjectTooLargeError,
  type PutOptions,
  type StoreMode,
  TEMPORARY_MAX_AGE_MS,
  type TemporaryObject,
} from '../../registry/storage/object-store.ts';
import { Directories } from './directories.ts';
import { DurableDirectories, syncDirectory, syncFile } from './durable.ts';
import { ifThere, isOtherMount, lacksLinks, translate } from './errors.ts';
import { fenced } from './fenced.ts';
import { type FileHandle, open, rmdir, STORE_CALLS, stat, unlink } from './fs.ts';
import { growFile } from './grow.ts';
import { removeOld, temporariesIn } from './leftovers.ts';
import { listFiles } from './list.ts';
import { markOldMounts } from './mounts.ts';
import { endsWithProcess } from './network-mount.ts';
import { KEPT_WHEN_EMPTY, pathOf } from './paths.ts';
import { WriteProbe } from './probe.ts';
import { openRoot } from './root.ts';
import { sendFile } from './send.ts';
import { Temporaries } from './temporaries.ts';
import { TemporaryFile, type WriteOptions } from './temporary-file.ts';
import { createUnlessTaken, linkUnlessTaken, type NamingOptions, replace } from './write.ts';

/** Measured: 64 KiB reads give 1.0 GB/s, 256 KiB 1.4 GB/s, more adds little and costs memory per download. */
const READ_BYTES = 256 * 1024;

export interface FilesystemOptions {
  /** Made if it does not exist and the store is opened for writing. */
  readonly rootDirectory: string;
  /** Sync files and directories before answering, so that a power cut loses nothing acknowledged. */
  readonly sync: boolean;
  /**
   * Time limit of one call to the file system; shared by all stores of this process.
   * @default 30_000
   */
  readonly callTimeoutMs?: number | undefined;
  /** With `read`, opening writes nothing. @default 'write' */
  readonly mode?: StoreMode;
}

/**
 * Objects as files below a directory, for any number of processes on one machine (or on a shared file system with POSIX
 * rename). A file is written under a temporary name and then gets its own. Only `grow` writes to it again, and never once
 * it has a second name: so a hard link is a free copy. Without hard links, or with another mount below the root, other
 * means do the same (claim.ts, temporaries.ts).
 */
export class FilesystemStore implements ObjectStore {
  readonly writesEndWithProcess: boolean;
  readonly #root: string;
  readonly #sync: boolean;
  readonly #directories: DurableDirectories;
  readonly #listed = new Directories();
  readonly #temporaries: Temporaries;
  readonly #probe: WriteProbe;
  readonly #disposed = new AbortController();

  private constructor(options: FilesystemOptions, writesEndWithProcess: boolean) {
    this.writesEndWithProcess = writesEndWithProcess;
    this.#root = resolve(options.rootDirectory);
    this.#sync = options.sync;
    this.#directories = new DurableDirectories(this.#root);
    this.#temporaries = new Temporaries(this.#root);
    this.#probe = new WriteProbe(this.#root, this.#temporaries);
  }

  /** Opens the store. Throws StoreNotWritableError if its directory cannot be made, StoreAbsentError if it is missing. */
  static async open(options: FilesystemOptions): Promise<FilesystemStore> {
    if (options.callTimeoutMs !== undefined) STORE_CALLS.deadlineMs = options.callTimeoutMs;
    const root = resolve(options.rootDirectory);
    await openRoot(root, options);
    const store = new FilesystemStore(options, await endsWithProcess(root));
    if (options.mode === 'read') return store;
    // On a full or read-only disk, a later start does it.
    await markOldMounts(store.#root).catch(() => undefined);
    await store.#temporaries.load();
    store.#sweep();
    return store;
  }

  /** Tries each place where objects are written. Rejects as {@link WriteProbe} does. */
  async probeWrites(): Promise<void> {
    await this.#temporaries.load();
    await this.#probe.run();
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    const stats = await ifThere(stat(pathOf(this.#root, key)));
    return stats?.isFile() ? { sizeBytes: stats.size, modifiedAt: stats.mtime } : undefined;
  }

  async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectRead | undefined> {
    signal?.throwIfAborted();
    const opened = await this.#open(key);
    if (opened === undefined) return undefined;
    const { handle, sizeBytes, modifiedAt } = opened;
    if (sizeBytes === 0 || signal?.aborted) {
      await handle.close();
      // A stream made with an aborted signal fails before anybody can listen to it.
      signal?.throwIfAborted();
      return { sizeBytes, modifiedAt, body: Readable.from([]) };
    }
    const body = handle.stream(range?.first ?? 0, range?.last ?? sizeBytes - 1, READ_BYTES, signal);
    return { sizeBytes, modifiedAt, body };
  }

  async send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean> {
    const opened = await this.#open(key);
    if (opened === undefined) return false;
    await sendFile(opened.handle, range ?? { first: 0, last: opened.sizeBytes - 1 }, sink);
    return true;
  }

  async read(key: string, limitBytes: number): Promise<Buffer | undefined> {
    const opened = await this.#open(key);
    if (opened === undefined) return undefined;
    try {
      if (opened.sizeBytes > limitBytes) throw new ObjectTooLargeError(key, opened.sizeBytes, limitBytes);
      return await opened.handle.readFile();
    } finally {
      await opened.handle.close();
    }
  }

  async put(key: string, body: Buffer | AsyncIterable<Buffer>, options: PutOptions = {}): Promise<void> {
    const path = pathOf(this.#root, key);
    options.signal?.throwIfAborted();
    const durable = this.#sync && options.durable !== false;
    const file = await this.#write(path, body, { durable, signal: options.signal });
    await replace(file, path, this.#naming(durable), options.fence);
  }

  async putIfAbsent(
    key: string,
    body: Buffer,
    _signal?: AbortSignal,
    options: CreateOptions = {},
  ): Promise<'created' | 'exists'> {
    const path = pathOf(this.#root, key);
    const durable = this.#sync && options.durable !== false;
    // A cheap check finds most existing objects; the link decides races.
    if ((await this.stat(key)) !== undefined) return 'exists';
    const file = await this.#write(path, body, { durable });
    try {
      return (await createUnlessTaken(file, path, key, this.#naming(durable))) ? 'created' : 'exists';
    } finally {
      await file.remove();
    }
  }

  async compose(sources: readonly string[], target: string, signal?: AbortSignal): Promise<void> {
    const [only] = sources;
    if (only !== undefined && sources.length === 1 && (await this.#isLinked(only, target))) return;
    await this.put(target, this.#concatenated(sources), signal && { signal });
  }

  /** Whether a file got a second name; false if the name is taken, or links are not possible. */
  async #isLinked(source: string, target: string): Promise<boolean> {
    const path = pathOf(this.#root, source);
    const { directories } = this.#naming(this.#sync);
    if (this.#sync) await syncFile(path);
    try {
      return await linkUnlessTaken(path, pathOf(this.#root, target), directories);
    } catch (error) {
      if (isOtherMount(error) || lacksLinks(error)) return false;
      throw translate(error);
    }
  }

  async grow(key: string, fromBytes: number, body: AsyncIterable<Buffer>): Promise<boolean> {
    return growFile(pathOf(this.#root, key), fromBytes, body, { durable: this.#sync });
  }

  async delete(
    keys: readonly string[],
    _signal?: AbortSignal,
    { durable = true, fence }: DeleteOptions = {},
  ): Promise<void> {
    const changed = new Set<string>();
    for (const key of keys) {
      const path = pathOf(this.#root, key);
      const isDeleted = await ifThere(fenced(fence, (before) => unlink(path, before)).then(() => true));
      // Needs no fence: a write makes a missing directory again.
      const left = await this.#removeEmptied(dirname(path));
      if (isDeleted) changed.add(left);
    }
    if (!this.#sync || !durable) return;
    for (const directory of changed) await this.#syncFirstThere(directory);
  }

  /** Syncs a directory; or its parent, if another request has removed it in the meantime. */
  async #syncFirstThere(directory: string): Promise<void> {
    for (let path = directory; path.length >= this.#root.length; path = dirname(path))
      if (await ifThere(syncDirectory(path).then(() => true))) return;
  }

  list(request: ListRequest): Promise<ListPage> {
    return listFiles(this.#root, this.#listed, request);
  }

  /** None: files have no URL. */
  async urlOf(): Promise<undefined> {
    return undefined;
  }

  /** Removes temporary files without a write since a time. */
  removeLeftovers(olderThan: Date, signal?: AbortSignal): Promise<number> {
    return this.#removeOld(olderThan, signal);
  }

  async *temporaries(signal?: AbortSignal): AsyncGenerator<TemporaryObject> {
    yield* temporariesIn(this.#root, await this.#temporaries.directories(), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
  }

  async #removeOld(olderThan: Date, signal?: AbortSignal): Promise<number> {
    return removeOld(await this.#temporaries.directories(), olderThan, signal);
  }

  /**
   * Removes what killed processes left, in the background and one call after the other: it may be as large as uploads are,
   * and the purge of uploads waits for a week. Best effort, since the purge comes in any case.
   */
  #sweep(): void {
    const olderThan = new Date(Date.now() - TEMPORARY_MAX_AGE_MS);
    this.#removeOld(olderThan, this.#disposed.signal).catch(() => undefined);
  }

  #write(path: string, body: Buffer | AsyncIterable<Buffer>, options: WriteOptions): Promise<TemporaryFile> {
    return TemporaryFile.write(this.#temporaries.directoryFor(path), body, options);
  }

  #naming(durable: boolean): NamingOptions {
    return { temporaries: this.#temporaries, directories: durable ? this.#directories : undefined };
  }

  async *#concatenated(sources: readonly string[]): AsyncGenerator<Buffer> {
    for (const key of sources) {
      const read = await this.get(key);
      if (read === undefined) throw new Error(`cannot compose: there is no ${key}`);
      yield* read.body;
    }
  }

  /** An open file and its stats: those of the file, not of its name, which may become another object's at any time. */
  async #open(key: string): Promise<(ObjectStat & { readonly handle: FileHandle }) | undefined> {
    const handle = await ifThere(open(pathOf(this.#root, key), 'r'));
    if (handle === undefined) return undefined;
    try {
      const stats = await handle.stat();
      if (stats.isFile()) return { handle, sizeBytes: stats.size, modifiedAt: stats.mtime };
    } catch (error) {
      // Not waited for: it waits for the call that hangs.
      handle.close().catch(() => undefined);
      throw error;
    }
    await handle.close();
    return undefined;
  }

  /** Removes directories that have become empty, since they are not objects. Returns the first one that stays. */
  async #removeEmptied(directory: string): Promise<string> {
    let path = directory;
    for (; path.length > this.#root.length; path = dirname(path)) {
      if (basename(path) === KEPT_WHEN_EMPTY) return path;
      try {
        await rmdir(path);
        this.#directories.forget(path);
      } catch {
        // Not empty; or gone: then the process that removed it continues above.
        return path;
      }
    }
    return path;
  }
}

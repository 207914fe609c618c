import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { StoreFullError, StoreNotWritableError } from '../../registry/storage/object-store.ts';
import { errorCode, ifThere, isAbsent, translate } from './errors.ts';
import { access, rename, rm, stat } from './fs.ts';
import { PROBE } from './paths.ts';
import type { Temporaries } from './temporaries.ts';
import { TemporaryFile } from './temporary-file.ts';

/** Places that may be on a separate mount, or belong to another user. */
const PLACES = ['roadstead', 'docker/registry/v2/blobs/sha256', 'docker/registry/v2/repositories'];
/** A block, so that a full disk shows. */
const PROBE_BYTES = 4096;

/** How long a directory that took a file is assumed to take more, unless something changes. */
const PROVED_MS = 5 * 60_000;

/** Tests whether files can be made in the places where objects are written. */
export class WriteProbe {
  readonly #root: string;
  readonly #temporaries: Temporaries;
  /** Directories that took a file: their stats then, and when (monotonic). */
  readonly #proved = new Map<string, { readonly identity: string; readonly atMs: number }>();

  /** `root` is absolute. */
  constructor(root: string, temporaries: Temporaries) {
    this.#root = root;
    this.#temporaries = temporaries;
  }

  /**
   * Writes a file to each place where objects are written, and deletes it. Throws StoreNotWritableError, which says what
   * the operator can do, or StoreFullError.
   */
  async run(): Promise<void> {
    const root = this.#root;
    const directories = await Promise.all(PLACES.map((place) => nearestDirectory(root, join(root, place))));
    for (const directory of new Set(directories)) await this.#probeNearest(directory);
  }

  /** Probes a directory, or the next one above it if a deletion has emptied and removed it in the meantime. */
  async #probeNearest(directory: string): Promise<void> {
    try {
      await this.#probe(directory);
    } catch (error) {
      this.#proved.delete(directory);
      const isRemoved = isAbsent(error) && directory.length > this.#root.length;
      if (isRemoved && (await ifThere(stat(directory))) === undefined)
        return this.#probeNearest(dirname(directory));
      throw explain(error, this.#root, directory);
    }
  }

  /**
   * A file in the directory itself changes its times, which invalidates cached listings (directories.ts). So that is done
   * rarely, or if the directory's owner, mode or identity changed. Otherwise the file goes only to the directory for
   * temporary files on the same mount.
   */
  async #probe(directory: string): Promise<void> {
    const { dev, ino, mode, uid, gid } = await stat(directory, { bigint: true });
    const identity = [dev, ino, mode, uid, gid].join();
    const proved = this.#proved.get(directory);
    if (proved?.identity === identity && performance.now() - proved.atMs < PROVED_MS) {
      await access(directory, constants.W_OK | constants.X_OK);
      await (await this.#write(directory)).remove();
      return;
    }
    await this.#writeAndDelete(directory);
    this.#proved.set(directory, { identity, atMs: performance.now() });
  }

  async #writeAndDelete(directory: string): Promise<void> {
    // All probes use one name, so one that a killed process left behind goes with the next.
    const path = join(directory, PROBE);
    const file = await this.#write(directory);
    try {
      await this.#temporaries.onMountOf(file, path, () => rename(file.path, path));
      await rm(path, { force: true });
    } catch (error) {
      await file.remove();
      throw error;
    }
  }

  #write(directory: string): Promise<TemporaryFile> {
    const bytes = Buffer.alloc(PROBE_BYTES, 'roadstead looks whether it can write here\n');
    return TemporaryFile.write(this.#temporaries.directoryFor(join(directory, PROBE)), bytes, {
      durable: false,
    });
  }
}

/** The directory itself, or the nearest existing one above it. */
async function nearestDirectory(root: string, path: string): Promise<string> {
  for (let directory = path; directory.length > root.length; directory = dirname(directory))
    try {
      if ((await ifThere(stat(directory)))?.isDirectory()) return directory;
    } catch (error) {
      throw explain(error, root, directory);
    }
  return root;
}

const INSTEAD = 'or set storage.maintenance.readonly.enabled: true to serve existing content';

/** The error for a directory that is not writable. */
export function explain(error: unknown, root: string, directory: string): Error {
  const translated = translate(error);
  if (translated instanceof StoreFullError) return translated;
  const { path = directory, syscall = '', message } = error as NodeJS.ErrnoException;
  // A refused mkdir or open is due to the directory above; a rename's error does not say which of its two.
  const where = ['mkdir', 'open'].includes(syscall) ? dirname(path) : directory;
  const key = `storage.filesystem.rootdirectory = ${root}`;
  const user = process.geteuid?.();
  const notWritable = (what: string, reason: 'denied' | 'read-only' | 'failed') =>
    new StoreNotWritableError(`${key}: ${what}`, reason, { cause: error });
  switch (errorCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return notWritable(
        where === dirname(root)
          ? `user ${user} may not make that directory: make it, and make that user its owner`
          : `user ${user} may not write to ${where}: make that user its owner, ${INSTEAD}`,
        'denied',
      );
    case 'EROFS':
      return notWritable(
        `${where} is on a file system that is mounted read-only: mount it read-write, ${INSTEAD}`,
        'read-only',
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return notWritable(`${where} is not a directory: move it away, or name another directory`, 'failed');
    default:
      return notWritable(`cannot write to ${where}: ${message}`, 'failed');
  }
}

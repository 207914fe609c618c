import { dirname } from 'node:path';
import { errorCode } from './errors.ts';
import { mkdir, open } from './fs.ts';

/** What fsync(2) of a directory answers where a file system has no such thing: nothing more can be done there. */
const WITHOUT_DIRECTORY_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF']);

/** Makes a directory's entries survive a power cut, where the file system can. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await syncFile(path);
  } catch (error) {
    if (!WITHOUT_DIRECTORY_SYNC.has(errorCode(error) ?? '')) throw error;
  }
}

/** Makes a file's bytes survive a power cut. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const KNOWN_MAX = 100_000;

/**
 * Makes directories that survive a power cut, and remembers which do. Finding a directory there is not enough: it may
 * be another request's, made a moment ago and not synced yet.
 */
export class DurableDirectories {
  readonly #root: string;
  readonly #known = new Set<string>();

  /** `root` exists. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Makes a directory below the root, and those above it, and syncs the entries of all that are not known to be. */
  async make(path: string): Promise<void> {
    if (path.length <= this.#root.length || this.#known.has(path)) return;
    const parent = dirname(path);
    await this.make(parent);
    await mkdir(path).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    await syncDirectory(parent);
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.add(path);
  }

  /** To be called when a directory was removed, or was found to be gone: then those above it may be, too. */
  forget(path: string): void {
    for (let gone = path; gone.length > this.#root.length; gone = dirname(gone)) this.#known.delete(gone);
  }
}

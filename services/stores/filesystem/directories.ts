import { readdir, stat } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import { isAbsent } from './errors.ts';

/** Smaller directories are read as fast as it could be found out that they have not changed. */
const REMEMBERED_MIN_ENTRIES = 200;
/** Memory for all remembered names together. */
const REMEMBERED_MAX_BYTES = 64 * 1024 * 1024;
/** What a name costs beside its characters. */
const NAME_OVERHEAD_BYTES = 40;
/**
 * A directory's time of change moves in the steps of the kernel's clock, so what changes within one step of it goes
 * unseen. What was read so soon after a change is not remembered.
 */
const SETTLED_MS = 100;

interface Remembered {
  readonly changedAtNs: bigint;
  readonly names: readonly string[];
}

/**
 * What directories hold, sorted; large ones are remembered for as long as the file system says that they have not
 * changed. So a page of a large directory costs what the page holds, not what the directory holds: a file system has
 * no listing that begins in the middle, as object stores have.
 */
export class Directories {
  readonly #remembered = new LRUCache<string, Remembered>({
    maxSize: REMEMBERED_MAX_BYTES,
    sizeCalculation: ({ names }) =>
      names.reduce((sum, name) => sum + name.length + NAME_OVERHEAD_BYTES, NAME_OVERHEAD_BYTES),
  });

  /**
   * The names in a directory, of directories with a trailing slash, so that they sort as their contents' keys do;
   * none for a directory that is not there. Names that begin with a dot are no keys.
   */
  async sortedNames(path: string): Promise<readonly string[]> {
    try {
      const remembered = this.#remembered.get(path);
      if (remembered && remembered.changedAtNs === (await changedAtNs(path))) return remembered.names;
      return await this.#read(path);
    } catch (error) {
      this.#remembered.delete(path);
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  async #read(path: string): Promise<readonly string[]> {
    const readAtMs = Date.now();
    const before = await changedAtNs(path);
    const entries = await readdir(path, { withFileTypes: true });
    // Keys are ASCII, where the order of strings is that of their bytes.
    const names = entries
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort();
    const isSettled = Number(before / 1_000_000n) < readAtMs - SETTLED_MS;
    if (names.length >= REMEMBERED_MIN_ENTRIES && isSettled)
      this.#remembered.set(path, { changedAtNs: before, names });
    else this.#remembered.delete(path);
    return names;
  }
}

async function changedAtNs(path: string): Promise<bigint> {
  return (await stat(path, { bigint: true })).mtimeNs;
}

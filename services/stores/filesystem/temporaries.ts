import { randomUUID } from 'node:crypto';
import { dirname, join, relative, sep } from 'node:path';
import { isOtherMount } from './errors.ts';
import { open, rename, rm } from './fs.ts';
import { readMounts, recordMount } from './mounts.ts';
import { PROBE, TEMPORARY, TEMPORARY_OF_MOUNT } from './paths.ts';
import type { TemporaryFile } from './temporary-file.ts';

/**
 * The directories in which files are written before they get their name: one below the root, and one for each other mount
 * below it. Other mounts are found when a rename fails for the first time, and recorded in the store (mounts.ts), so that
 * other processes write to the right place at once and leftovers are found without a walk.
 */
export class Temporaries {
  readonly #root: string;
  /** The topmost directories of other mounts, absolute, the longest first. */
  #mounts: readonly string[] = [];

  /** `root` is absolute. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Reads what this and other processes have recorded. */
  async load(): Promise<void> {
    for (const { path } of await readMounts(this.#root)) this.#add(join(this.#root, path));
  }

  /** The directory for a file that will get this name. */
  directoryFor(path: string): string {
    const top = this.#mounts.find((mount) => isBelow(path, mount));
    return top === undefined ? join(this.#root, TEMPORARY) : join(top, TEMPORARY_OF_MOUNT);
  }

  /** Runs `act`, which renames or links the file to `path`; if that is on another mount, moves the file there first. */
  async onMountOf<T>(file: TemporaryFile, path: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!isOtherMount(error)) throw error;
      await this.#learn(dirname(path));
      await file.copyTo(this.directoryFor(path));
      return act();
    }
  }

  /** All of them, here and on the mounts that any process has recorded. */
  async directories(): Promise<readonly string[]> {
    await this.load();
    return [join(this.#root, TEMPORARY), ...this.#mounts.map((top) => join(top, TEMPORARY_OF_MOUNT))];
  }

  /** Finds the topmost directory from which a file can be renamed into this one, and records it. */
  async #learn(directory: string): Promise<void> {
    let top = directory;
    while (top.length > this.#root.length && (await canRename(dirname(top), directory))) top = dirname(top);
    await recordMount(this.#root, relative(this.#root, top) || '.');
    this.#add(top);
  }

  #add(top: string): void {
    if (this.#mounts.includes(top)) return;
    this.#mounts = [...this.#mounts, top].sort((a, b) => b.length - a.length);
  }
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory + sep);
}

/** By trying: device numbers do not distinguish bind mounts, and differ within one mount on some file systems. */
async function canRename(from: string, to: string): Promise<boolean> {
  const name = `${PROBE}-${randomUUID()}`;
  const source = join(from, name);
  try {
    await (await open(source, 'wx', 0o666)).close();
  } catch {
    // Not writable for us: then it is no place for temporary files either.
    return false;
  }
  try {
    await rename(source, join(to, name));
    await rm(join(to, name), { force: true });
    return true;
  } catch (error) {
    await rm(source, { force: true });
    if (isOtherMount(error)) return false;
    throw error;
  }
}

import { dirname } from 'node:path';
import { ignoring } from '../ignoring.ts';
import { isTaken, lacksDirectorySync } from './errors.ts';
import { mkdir, open } from './fs.ts';

/** Makes a directory's entries survive a power cut; if the file system does not support it, nothing more can be done. */
export async function syncDirectory(path: string): Promise<void> {
  await ignoring(lacksDirectorySync, syncFile(path));
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
 * Makes directories that survive a power cut, and remembers them. The existence of a directory is not enough: another
 * request may have made it a moment ago and not synced it yet.
 */
export class DurableDirectories {
  readonly #root: string;
  readonly #known = new Set<string>();

  /** `root` exists. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Makes a directory below the root, and those above it, and syncs the entries of all that are not known to be synced. */
  async make(path: string): Promise<void> {
    if (path.length <= this.#root.length || this.#known.has(path)) return;
    const parent = dirname(path);
    await this.make(parent);
    await ignoring(isTaken, mkdir(path));
    await syncDirectory(parent);
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.add(path);
  }

  /** To be called when a directory was removed or is missing: then those above it may be, too. */
  forget(path: string): void {
    for (let gone = path; gone.length > this.#root.length; gone = dirname(gone)) this.#known.delete(gone);
  }
}

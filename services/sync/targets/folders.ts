import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
/** Linux finds names in an open directory by this path, whatever its own path leads to by then. */
const OPEN_FILES = process.platform === 'linux' ? '/proc/self/fd' : undefined;

interface Folder {
  readonly path: string;
  readonly handle: FileHandle;
}

/**
 * Open directories, each in the one before, from a mirror's root down. Below the root no symbolic link is followed: other
 * programs may write there (a web server, an NFS client), and the worker's files must not end up elsewhere.
 */
export class Folders implements AsyncDisposable {
  readonly #folders: Folder[] = [];

  private constructor() {}

  /**
   * Opens the directories of these names. `make` makes what does not exist; without it, undefined if one does not exist, or
   * is something else.
   */
  static async open(root: string, names: readonly string[], make: true): Promise<Folders>;
  static async open(root: string, names: readonly string[], make?: boolean): Promise<Folders | undefined>;
  static async open(root: string, names: readonly string[], make = false): Promise<Folders | undefined> {
    const folders = new Folders();
    try {
      if (make) await mkdir(root, { recursive: true });
      folders.#folders.push({ path: root, handle: await open(root, O_RDONLY | O_DIRECTORY) });
      for (const name of names) await folders.#enter(name, make);
      return folders;
    } catch (error) {
      await folders[Symbol.asyncDispose]();
      if (!make && ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  /** The path of a file in the last directory. To be opened without following links. */
  file(name: string): string {
    const { path, handle } = this.#last;
    return join(OPEN_FILES === undefined ? path : `${OPEN_FILES}/${handle.fd}`, name);
  }

  /** Makes durable which files the directories have; calls `moved` after each. */
  async sync(moved: () => void): Promise<void> {
    for (const { handle } of this.#folders.toReversed()) {
      await handle.sync();
      moved();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { handle } of this.#folders.splice(0)) await handle.close().catch(() => undefined);
  }

  async #enter(name: string, make: boolean): Promise<void> {
    const at = this.file(name);
    const path = join(this.#last.path, name);
    const enter = () => open(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const handle = await enter()
      .catch(async (error: unknown) => {
        if (!make || codeOf(error) !== 'ENOENT') throw error;
        await mkdir(at).catch((failure: unknown) => {
          if (codeOf(failure) !== 'EEXIST') throw failure;
        });
        return enter();
      })
      .catch((error: unknown) => {
        const code = codeOf(error) ?? '';
        if (code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
        const message = `${path} is no directory; symbolic links in a mirror's directory are not followed: put a directory or a mount there`;
        throw Object.assign(new Error(message), { code: 'ENOTDIR' });
      });
    this.#folders.push({ path, handle });
  }

  get #last(): Folder {
    const last = this.#folders.at(-1);
    if (last === undefined) throw new Error('these directories are closed');
    return last;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

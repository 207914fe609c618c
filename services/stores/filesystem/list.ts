import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListPage, ListRequest } from '../../registry/object-store.ts';
import type { Directories } from './directories.ts';
import { isAbsent } from './errors.ts';

/** Lists files as an object store lists keys: in the order of the whole keys' bytes. */
export async function listFiles(
  root: string,
  directories: Directories,
  request: ListRequest,
): Promise<ListPage> {
  const keys: string[] = [];
  const prefixes: string[] = [];
  let last: string | undefined;
  for await (const name of new Walk(root, directories, request).keysIn('')) {
    if (keys.length + prefixes.length === request.limit) return { keys, prefixes, next: last };
    (name.endsWith('/') ? prefixes : keys).push(name);
    last = name;
  }
  return { keys, prefixes, next: undefined };
}

class Walk {
  readonly #root: string;
  readonly #directories: Directories;
  readonly #request: ListRequest;

  constructor(root: string, directories: Directories, request: ListRequest) {
    this.#root = root;
    this.#directories = directories;
    this.#request = request;
  }

  /** Yields keys, and common prefixes (ending in `/`) where the request folds them. */
  async *keysIn(directory: string): AsyncGenerator<string> {
    const { prefix, startAfter = '', delimiter } = this.#request;
    const names = await this.#names(directory);
    for (let at = this.#firstWanted(directory, names); at < names.length; at++) {
      const name = names[at] ?? '';
      const key = directory + name;
      const isDirectory = name.endsWith('/');
      // Only what can lie under the prefix: below it, or a directory on the way to it.
      if (!key.startsWith(prefix) && !(isDirectory && prefix.startsWith(key))) {
        if (key > prefix) return;
        continue;
      }
      // All keys below a directory sort after its own name; those up to startAfter are passed over whole.
      if (isDirectory ? key <= startAfter && !startAfter.startsWith(key) : key <= startAfter) continue;
      if (!isDirectory) yield key;
      else if (delimiter && key.length > prefix.length) {
        if (key > startAfter && (await holdsFiles(join(this.#root, key)))) yield key;
      } else yield* this.keysIn(key);
    }
  }

  /** Where in a directory the first name may stand that is wanted: found by halving, for there may be many before. */
  #firstWanted(directory: string, names: readonly string[]): number {
    const { prefix, startAfter = '' } = this.#request;
    const bounds = [prefix, startAfter]
      .filter((bound) => bound.startsWith(directory))
      .map((bound) => firstSegment(bound.slice(directory.length)));
    const bound = bounds.sort().at(-1) ?? '';
    let low = 0;
    for (let high = names.length; low < high; ) {
      const middle = Math.floor((low + high) / 2);
      if ((names[middle] ?? '') < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #names(directory: string): Promise<readonly string[]> {
    return this.#directories.sortedNames(join(this.#root, directory));
  }
}

/** An emptied directory is no key's prefix: object stores know no directories. */
async function holdsFiles(path: string): Promise<boolean> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  const visible = entries.filter((entry) => !entry.name.startsWith('.'));
  if (visible.some((entry) => !entry.isDirectory())) return true;
  for (const { name } of visible) if (await holdsFiles(join(path, name))) return true;
  return false;
}

/** What stands before the first slash, with it; or all, where there is none. */
function firstSegment(text: string): string {
  const slash = text.indexOf('/');
  return slash < 0 ? text : text.slice(0, slash + 1);
}

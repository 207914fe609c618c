import { basename, dirname, join } from 'node:path';
import type { ListPage, ListRequest } from '../../registry/storage/object-store.ts';
import { isOwnName } from '../../registry/storage/unlisted.ts';
import type { Contents, Directories } from './directories.ts';
import { stat } from './fs.ts';
import { missingMounts } from './mounts.ts';
import { FILE_ON_THE_WAY, LINKS_MAX, LOOP, type Oddity, TOO_MANY_LINKS, unreadable } from './oddities.ts';

/** Lists files as an object store lists keys: in the order of the whole keys' bytes. */
export async function listFiles(
  root: string,
  directories: Directories,
  request: ListRequest,
): Promise<ListPage> {
  const page = await walkPage(root, directories, request);
  const { prefix, onUnlisted } = request;
  // Afterwards: a mount that went away during the walk is missing now.
  if (onUnlisted) (await missingMounts(root, prefix)).forEach(onUnlisted);
  return page;
}

async function walkPage(root: string, directories: Directories, request: ListRequest): Promise<ListPage> {
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

/** The way to a directory. */
interface Trail {
  /** The number of symbolic links followed. */
  readonly links: number;
  /** The directories above it; known only behind a link, since nothing else leads back to them. */
  readonly above: readonly string[];
}

const START: Trail = { links: 0, above: [] };

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
  async *keysIn(directory: string, trail = START): AsyncGenerator<string> {
    const { prefix, startAfter = '', delimiter } = this.#request;
    const contents = await this.#contents(directory);
    const { names } = contents;
    this.#reportAll(directory, contents);
    for (let at = this.#firstWanted(directory, names); at < names.length; at++) {
      const name = names[at] ?? '';
      const key = directory + name;
      const isDirectory = name.endsWith('/');
      // Only keys under the prefix, or directories on the way to it.
      if (!key.startsWith(prefix) && !(isDirectory && prefix.startsWith(key))) {
        if (key > prefix) return;
        continue;
      }
      // All keys below a directory sort after its own name; those up to startAfter are passed over whole.
      if (isDirectory ? key <= startAfter && !startAfter.startsWith(key) : key <= startAfter) continue;
      if (!isDirectory) yield key;
      else {
        const isFolded = delimiter !== undefined && key.length > prefix.length;
        if (isFolded && key <= startAfter) continue;
        const next = await this.#enter(key, contents.links.has(name), trail);
        if (next === undefined) continue;
        if (!isFolded) yield* this.keysIn(key, next);
        else if (await this.#holdsKeys(key, next)) yield key;
      }
    }
  }

  /** An emptied directory is no key's prefix: object stores know no directories. */
  async #holdsKeys(directory: string, trail: Trail): Promise<boolean> {
    const contents = await this.#contents(directory);
    if (contents.names.some((name) => !name.endsWith('/'))) return true;
    for (const name of contents.names) {
      const next = await this.#enter(directory + name, contents.links.has(name), trail);
      if (next && (await this.#holdsKeys(directory + name, next))) return true;
    }
    // For a common prefix, the listing of that prefix reports these.
    this.#reportAll(directory, contents);
    return false;
  }

  /** The index of the first name that may be wanted: there may be many before it. */
  #firstWanted(directory: string, names: readonly string[]): number {
    const { prefix, startAfter = '' } = this.#request;
    const bounds = [prefix, startAfter]
      .filter((bound) => bound.startsWith(directory))
      .map((bound) => firstSegment(bound.slice(directory.length)));
    return firstFrom(bounds.sort().at(-1) ?? '', names);
  }

  /** The path into a directory; undefined if it would never end. */
  async #enter(key: string, isLink: boolean, trail: Trail): Promise<Trail | undefined> {
    if (!isLink && trail.links === 0) return trail;
    const links = trail.links + (isLink ? 1 : 0);
    if (links > LINKS_MAX) return this.#report(key.slice(0, -1), TOO_MANY_LINKS);
    const above = trail.links > 0 ? trail.above : await this.#directoriesAbove(key);
    const own = await identityOf(join(this.#root, key));
    if (own === undefined) return { links, above };
    if (above.includes(own)) return this.#report(key.slice(0, -1), LOOP);
    return { links, above: [...above, own] };
  }

  /** All directories above a key, including those above the store itself. */
  async #directoriesAbove(key: string): Promise<string[]> {
    const identities: string[] = [];
    let path = join(this.#root, key);
    do {
      path = dirname(path);
      const identity = await identityOf(path);
      if (identity !== undefined) identities.push(identity);
    } while (path !== dirname(path));
    return identities;
  }

  async #contents(directory: string): Promise<Contents> {
    const { prefix } = this.#request;
    const rest = prefix.startsWith(directory) ? prefix.slice(directory.length) : '';
    try {
      return await this.#directories.contents(join(this.#root, directory), rest);
    } catch (error) {
      if (this.#request.onUnlisted === undefined) {
        // Such as the lost+found of a disk's topmost directory, which only root may read.
        if (directory === '' || isOwnName(basename(directory))) throw error;
        return { names: [], links: new Set(), oddities: [] };
      }
      return { names: [], links: new Set(), oddities: [{ name: '', ...unreadable(error) }] };
    }
  }

  #reportAll(directory: string, { names, oddities }: Contents): void {
    const { prefix, startAfter = '', onUnlisted } = this.#request;
    for (const oddity of oddities) {
      const key = oddity.name === '' ? directory.slice(0, -1) : directory + oddity.name;
      const isWanted = key.startsWith(prefix) || prefix.startsWith(`${key}/`);
      const isBefore = key <= startAfter && !startAfter.startsWith(`${key}/`);
      if (isWanted && !isBefore) this.#report(key, oddity);
    }
    if (onUnlisted === undefined || prefix.length <= directory.length || !prefix.startsWith(directory))
      return;
    const next = firstSegment(prefix.slice(directory.length));
    const name = next.slice(0, -1);
    if (next.endsWith('/') && names[firstFrom(name, names)] === name)
      this.#report(directory + name, FILE_ON_THE_WAY);
  }

  /** Reports what cannot be listed; without a listener, a directory that cannot be read is an error. */
  #report(key: string, { is, remedy, error }: Omit<Oddity, 'name'>): undefined {
    const { onUnlisted } = this.#request;
    if (onUnlisted) onUnlisted({ key, is, remedy });
    else if (error !== undefined) throw error;
  }
}

/** Identifies a directory; undefined if the file system has no inode numbers, or cannot answer at the moment. */
async function identityOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && stats.ino !== 0n ? `${stats.dev}:${stats.ino}` : undefined;
}

/** The index of the first name that is not before a bound, by binary search. */
function firstFrom(bound: string, names: readonly string[]): number {
  let low = 0;
  for (let high = names.length; low < high; ) {
    const middle = Math.floor((low + high) / 2);
    if ((names[middle] ?? '') < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The part up to and including the first slash; everything if there is no slash. */
function firstSegment(text: string): string {
  const slash = text.indexOf('/');
  return slash < 0 ? text : text.slice(0, slash + 1);
}

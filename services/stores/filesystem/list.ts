import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListPage, ListRequest } from '../../registry/object-store.ts';
import { isAbsent } from './errors.ts';

/** Lists files as an object store lists keys: in the order of the whole keys' bytes. */
export async function listFiles(root: string, request: ListRequest): Promise<ListPage> {
  const keys: string[] = [];
  const prefixes: string[] = [];
  let last: string | undefined;
  for await (const name of walk(root, '', request)) {
    if (keys.length + prefixes.length === request.limit) return { keys, prefixes, next: last };
    (name.endsWith('/') ? prefixes : keys).push(name);
    last = name;
  }
  return { keys, prefixes, next: undefined };
}

/** Yields keys, and common prefixes (ending in `/`) where the request folds them. */
async function* walk(root: string, directory: string, request: ListRequest): AsyncGenerator<string> {
  const { prefix, startAfter = '', delimiter } = request;
  for (const name of await sortedEntries(root, directory)) {
    const key = directory + name;
    const isDirectory = name.endsWith('/');
    // Only what can lie under the prefix: below it, or a directory on the way to it.
    if (!key.startsWith(prefix) && !(isDirectory && prefix.startsWith(key))) continue;
    // All keys below a directory sort after its own name; those up to startAfter are passed over whole.
    if (isDirectory ? key <= startAfter && !startAfter.startsWith(key) : key <= startAfter) continue;
    if (!isDirectory) yield key;
    else if (delimiter && key.length > prefix.length) {
      if (key > startAfter && (await holdsFiles(root, key))) yield key;
    } else yield* walk(root, key, request);
  }
}

/** Names in a directory, directories with a trailing slash, so that they sort as their contents' keys do. */
async function sortedEntries(root: string, directory: string): Promise<string[]> {
  try {
    const entries = await readdir(join(root, directory), { withFileTypes: true });
    const names = entries
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    // Keys are ASCII, where the order of strings is that of their bytes.
    return names.sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** An emptied directory is no key's prefix: object stores know no directories. */
async function holdsFiles(root: string, directory: string): Promise<boolean> {
  for (const name of await sortedEntries(root, directory))
    if (!name.endsWith('/') || (await holdsFiles(root, directory + name))) return true;
  return false;
}

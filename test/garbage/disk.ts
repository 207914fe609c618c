import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Held, MemoryStore } from '../support/memory-store.ts';

/** Writes a store's objects as files, with their times. */
export async function toDisk({ held }: MemoryStore, root: string): Promise<void> {
  for (const directory of new Set([...held.keys()].map(dirname)))
    await mkdir(join(root, directory), { recursive: true });
  const put = async (key: string, { bytes, modifiedAt }: Held) => {
    await writeFile(join(root, key), bytes);
    await utimes(join(root, key), modifiedAt, modifiedAt);
  };
  await Promise.all([...held].map(([key, object]) => put(key, object)));
}

/**
 * Reads them back as a person would: `stat` of each name of each directory, by which the system itself follows links.
 * Endless where links are.
 */
export async function fromDisk(root: string): Promise<MemoryStore> {
  const objects = new MemoryStore();
  const walk = async (directory: string): Promise<void> => {
    const look = async (name: string): Promise<void> => {
      const key = directory + name;
      const stats = await stat(join(root, key));
      if (stats.isDirectory()) await walk(`${key}/`);
      else objects.hold(key, await readFile(join(root, key)), stats.mtime);
    };
    const names = await readdir(join(root, directory));
    await Promise.all(names.filter((name) => !name.startsWith('.')).map(look));
  };
  await walk('');
  return objects;
}

/** All directories of a store, without the slash at their ends. */
export function directoriesOf({ held }: MemoryStore): string[] {
  const directories = new Set<string>();
  for (const key of held.keys())
    for (let at = dirname(key); at !== '.'; at = dirname(at)) directories.add(at);
  return [...directories].sort();
}

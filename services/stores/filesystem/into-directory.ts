import { dirname } from 'node:path';
import type { DurableDirectories } from './durable.ts';
import { errorCode } from './errors.ts';
import { mkdir } from './fs.ts';

/** An attempt fails only if the last other object in the directory is deleted at that very moment. */
const ATTEMPTS_MAX = 50;

/**
 * Runs `act`, which gives a file the name `path`, after making its directory. Another process may delete an empty
 * directory before it is used: then it is made again.
 */
export async function intoDirectory<T>(
  path: string,
  directories: DurableDirectories | undefined,
  act: () => Promise<T>,
): Promise<T> {
  const directory = dirname(path);
  for (let attempt = 1; ; attempt++) {
    try {
      if (directories) await directories.make(directory);
      else if (attempt > 1) await mkdir(directory, { recursive: true });
      return await act();
    } catch (error) {
      // Node's recursive mkdir says ENOTDIR, too, when a directory goes away under its feet.
      if (!['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '') || attempt === ATTEMPTS_MAX) throw error;
      directories?.forget(directory);
    }
  }
}

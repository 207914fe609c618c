import { ifThere } from './errors.ts';
import { readdir, stat } from './fs.ts';

/** Whether a path exists, following symbolic links. Throws if that cannot be known. */
export async function isThere(path: string): Promise<boolean> {
  return (await ifThere(stat(path))) !== undefined;
}

/** The names in a directory; empty if it does not exist. */
export async function namesIn(directory: string): Promise<string[]> {
  return (await ifThere(readdir(directory))) ?? [];
}

import { isAbsent } from './errors.ts';
import { readdir } from './fs.ts';

/** The names in a directory; empty if it does not exist. */
export async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
}

import { ifThere } from './errors.ts';
import { readdir } from './fs.ts';

/** The names in a directory; empty if it does not exist. */
export async function namesIn(directory: string): Promise<string[]> {
  return (await ifThere(readdir(directory))) ?? [];
}

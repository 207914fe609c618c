import { ifThere } from './errors.ts';
import { readdir } from './fs.ts';

/** The names in a directory; none where the directory is not there. */
export async function namesIn(directory: string): Promise<string[]> {
  return (await ifThere(readdir(directory))) ?? [];
}

import { ifThere } from './errors.ts';
import { stat } from './fs.ts';

/** Whether anything is at a path, behind symbolic links. Throws when that cannot be known. */
export async function isThere(path: string): Promise<boolean> {
  return (await ifThere(stat(path))) !== undefined;
}

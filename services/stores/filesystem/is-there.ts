import { ifThere } from './errors.ts';
import { stat } from './fs.ts';

/** Whether a path exists, following symbolic links. Throws if that cannot be known. */
export async function isThere(path: string): Promise<boolean> {
  return (await ifThere(stat(path))) !== undefined;
}

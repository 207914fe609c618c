import { isAbsent } from './errors.ts';
import { stat } from './fs.ts';

/** Whether a path exists, following symbolic links. Throws if that cannot be known. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

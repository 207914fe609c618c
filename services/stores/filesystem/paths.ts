import { join, sep } from 'node:path';
import { checkObjectKey } from '../object-key.ts';

/** Where files are written before they get their name; hidden from keys, which never begin with a dot. */
export const TEMPORARY = join('roadstead', '.tmp');

/** The path of a key below the root. Throws on a key that could leave it: a mistake of ours, never a client's. */
export function pathOf(root: string, key: string): string {
  checkObjectKey(key);
  return root + sep + key.split('/').join(sep);
}

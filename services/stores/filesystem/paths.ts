import { join, sep } from 'node:path';

/** Where files are written before they get their name; hidden from keys, which never begin with a dot. */
export const TEMPORARY = join('roadstead', '.tmp');

/** Printable ASCII: there byte order is string order, and every backend spells it alike. */
const SEGMENT = /^[!-\-0-~][ -.0-~]*$/;

/** The path of a key below the root. Throws on a key that could leave it: a mistake of ours, never a client's. */
export function pathOf(root: string, key: string): string {
  const segments = key.split('/');
  if (!segments.every((segment) => SEGMENT.test(segment)))
    throw new Error(`not an object key: ${JSON.stringify(key.slice(0, 300))}`);
  return root + sep + segments.join(sep);
}

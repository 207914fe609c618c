import { join, sep } from 'node:path';
import { checkObjectKey } from '../object-key.ts';

/** Where files are written before they get their name; hidden from keys, which never begin with a dot. */
export const TEMPORARY = join('roadstead', '.tmp');

/** The same in the topmost directory of another mount below the root, since no file can be renamed between mounts. */
export const TEMPORARY_OF_MOUNT = '.roadstead-tmp';

/**
 * A file in a {@link TEMPORARY_OF_MOUNT} that is written once, when the mount is found. A mount point without it has lost
 * its mount, whatever was written there since.
 */
export const MARKER = '.mount';

/** Records of the directories that have a {@link TEMPORARY_OF_MOUNT}, so that they are found without a walk. */
export const MOUNTS = join('roadstead', '.mounts');

/** A file that a probe makes and deletes at once. Distribution ignores it wherever it may see it. */
export const PROBE = '.roadstead-probe';

/**
 * The name of a directory that stays when it is empty. Distribution makes a directory in it for each upload, in two steps:
 * between them it must not be gone, or the push ends with 500. Distribution itself never removes it.
 */
export const KEPT_WHEN_EMPTY = '_uploads';

/** The path of a key below the root. Throws on a key that could leave it: a mistake of ours, never a client's. */
export function pathOf(root: string, key: string): string {
  checkObjectKey(key);
  return root + sep + key.split('/').join(sep);
}

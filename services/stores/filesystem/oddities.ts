import type { Dirent, Stats } from 'node:fs';
import { errorCode, isAbsent, isDenied } from './errors.ts';
import { lstat, stat } from './fs.ts';

/** An entry that is neither a directory nor a file, or cannot be read. */
export interface Oddity {
  /** Empty for the directory itself. */
  readonly name: string;
  /** What it is, as the rest of a sentence that begins with its name. */
  readonly is: string;
  /** What the operator can do about it. */
  readonly remedy: string;
  /** Why it cannot be read; absent if nothing can be read there. */
  readonly error?: unknown;
}

const SPECIAL = { is: 'is neither a file nor a directory', remedy: 'move it out of the store' };
const BROKEN = {
  is: 'is a symbolic link to something that does not exist',
  remedy: 'mount or restore its target',
};
/** A link that leads back to a directory above it: the store would never end. */
export const LOOP = {
  is: 'is a symbolic link to a directory above it',
  remedy: 'replace it by a link to a directory elsewhere',
};
/** More than any store needs: a few directories full of links can make more paths than a walk can end. */
export const LINKS_MAX = 8;
export const TOO_MANY_LINKS = {
  is: `is behind more than ${LINKS_MAX} symbolic links, each below the last`,
  remedy: 'use fewer links on the way there',
};
export const FILE_ON_THE_WAY = {
  is: 'is a file where a directory belongs',
  remedy: 'restore the directory',
};

/** Why a directory cannot be read. */
export function unreadable(error: unknown): Omit<Oddity, 'name'> {
  const code = errorCode(error);
  if (code === 'ELOOP') return LOOP;
  const remedy = isDenied(error)
    ? 'allow the user that runs this to read it'
    : 'check the disk or mount that it is on';
  return { is: `cannot be read (${code ?? String(error)})`, remedy, error };
}

/** The target of a symbolic link; undefined if the link is gone. */
export async function lookThrough(
  path: string,
): Promise<'directory' | 'file' | Omit<Oddity, 'name'> | undefined> {
  try {
    return kindOf(await stat(path));
  } catch (error) {
    if (!isAbsent(error)) return unreadable(error);
    // A link that cannot be looked at exists, too.
    const isLinkGone = await lstat(path).then(() => false, isAbsent);
    return isLinkGone ? undefined : BROKEN;
  }
}

/** The kind of a directory entry that is not a link. */
export function kindOf(entry: Stats | Dirent): 'directory' | 'file' | Omit<Oddity, 'name'> {
  if (entry.isDirectory()) return 'directory';
  return entry.isFile() ? 'file' : SPECIAL;
}

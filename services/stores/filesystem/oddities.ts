import type { Dirent, Stats } from 'node:fs';
import { errorCode, isAbsent } from './errors.ts';
import { lstat, stat } from './fs.ts';

/** What a directory holds that is neither a directory nor a file, or cannot be looked into. */
export interface Oddity {
  /** Empty for the directory itself. */
  readonly name: string;
  /** What it is, to follow its name in a sentence. */
  readonly is: string;
  /** What a person can do about it. */
  readonly remedy: string;
  /** Why it cannot be looked into; absent when nothing can be read there. */
  readonly error?: unknown;
}

const SPECIAL = { is: 'is neither a file nor a directory', remedy: 'move it out of the store' };
const BROKEN = {
  is: 'is a symbolic link to something that is not there',
  remedy: 'mount or restore what it leads to',
};
/** A link that leads back to where it lies: through it, the store would have no end. */
export const LOOP = {
  is: 'is a symbolic link that leads back to where it lies',
  remedy: 'have it lead to a directory outside the one that it lies in',
};
/** More than any store needs: a few directories full of links can make more paths than a walk can end. */
export const LINKS_MAX = 8;
export const TOO_MANY_LINKS = {
  is: `lies behind more than ${LINKS_MAX} symbolic links, each below the last`,
  remedy: 'have fewer links lead there',
};
export const FILE_ON_THE_WAY = {
  is: 'is a file where a directory belongs',
  remedy: 'restore the directory',
};

/** What keeps a directory from being looked into. */
export function unreadable(error: unknown): Omit<Oddity, 'name'> {
  const code = errorCode(error);
  if (code === 'ELOOP') return LOOP;
  const isDenied = code === 'EACCES' || code === 'EPERM';
  const remedy = isDenied
    ? 'let the user that runs this read it'
    : 'see to the disk or mount that it lies on';
  return { is: `cannot be read (${code ?? String(error)})`, remedy, error };
}

/** What lies at the end of a symbolic link; undefined when the link has gone. */
export async function lookThrough(
  path: string,
): Promise<'directory' | 'file' | Omit<Oddity, 'name'> | undefined> {
  try {
    return kindOf(await stat(path));
  } catch (error) {
    if (!isAbsent(error)) return unreadable(error);
    return (await isThere(path)) ? BROKEN : undefined;
  }
}

/** What a name of a directory is, if it is no link. */
export function kindOf(entry: Stats | Dirent): 'directory' | 'file' | Omit<Oddity, 'name'> {
  if (entry.isDirectory()) return 'directory';
  return entry.isFile() ? 'file' : SPECIAL;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    return !isAbsent(error);
  }
}

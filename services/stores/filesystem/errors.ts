import { StoreFullError } from '../../registry/storage/object-store.ts';

/** The code of a system error, such as ENOENT. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** True if the error says that the path does not exist, or that a part of it is not a directory. */
export function isAbsent(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}

/** The result of a call; undefined if its file does not exist. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The errors of link(2) on file systems without hard links (exFAT, FAT, many network and FUSE file systems). */
const WITHOUT_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** True if the error says that this file cannot get a second name: make a copy, or create the object another way. */
export function lacksLinks(error: unknown): boolean {
  return WITHOUT_LINKS.has(errorCode(error) ?? '');
}

/** True if the error says that the two names are on different mounts, between which files cannot be renamed or linked. */
export function isOtherMount(error: unknown): boolean {
  return errorCode(error) === 'EXDEV';
}

/** Converts the errors of a full disk to StoreFullError. */
export function translate(error: unknown): unknown {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT' ? new StoreFullError(error) : error;
}

import { StoreFullError } from '../../registry/storage/object-store.ts';

/** The code of a system error, such as ENOENT. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** True when the error says that nothing is there, neither as a file nor as a directory on the way. */
export function isAbsent(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}

/** What a call gives, or undefined where nothing is there. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** What link(2) answers where the file system has no hard links (exFAT, FAT, many network and FUSE file systems). */
const WITHOUT_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** True when the error says that this file gets no second name: make a copy, or create the object another way. */
export function lacksLinks(error: unknown): boolean {
  return WITHOUT_LINKS.has(errorCode(error) ?? '');
}

/** True when the error says that the two names are on different mounts, between which no file can be renamed or linked. */
export function isOtherMount(error: unknown): boolean {
  return errorCode(error) === 'EXDEV';
}

/** Tells a full disk from other failures. */
export function translate(error: unknown): unknown {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT' ? new StoreFullError(error) : error;
}

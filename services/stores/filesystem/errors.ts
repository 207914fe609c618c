import { StoreFullError } from '../../registry/storage/object-store.ts';
import { ignoring } from '../ignoring.ts';

/** The code of a system error, such as ENOENT. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** Recognizes system errors with one of these codes. */
function withCode(...codes: readonly string[]): (error: unknown) => boolean {
  return (error) => codes.includes(errorCode(error) ?? '');
}

/** True if the error says that the path does not exist, or that a part of it is not a directory. */
export const isAbsent = withCode('ENOENT', 'ENOTDIR', 'EISDIR');

/** True if the error says that this user may not do that. */
export const isDenied = withCode('EACCES', 'EPERM');

/** True if the error says that the name exists. */
export const isTaken = withCode('EEXIST');

/** True if the error says that a directory is not empty: file systems differ in the code. */
export const isNotEmpty = withCode('ENOTEMPTY', 'EEXIST');

/** True if the error says that the two names are on different mounts, between which files cannot be renamed or linked. */
export const isOtherMount = withCode('EXDEV');

/**
 * True if the error says that this file cannot get a second name: make a copy, or create the object another way. These are
 * the errors of link(2) on file systems without hard links (exFAT, FAT, many network and FUSE file systems).
 */
export const lacksLinks = withCode('EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK');

/** True for the errors of fsync(2) on a directory if the file system does not support it. */
export const lacksDirectorySync = withCode('EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF');

const isFull = withCode('ENOSPC', 'EDQUOT');

const isRefused = withCode(
  ...['ENAMETOOLONG', 'ELOOP', 'EMLINK', 'EMFILE', 'ENFILE', 'ENOMEM', 'EINVAL', 'EBUSY', 'ETXTBSY'],
  ...['EROFS', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'],
);

/** True if the error says that a rename or an unlink was not done. EIO, ESTALE or ETIMEDOUT of a network do not. */
export function isCertain(error: unknown): boolean {
  return [isAbsent, isDenied, isNotEmpty, isOtherMount, isFull, isRefused].some((isSo) => isSo(error));
}

/** The result of a call; undefined if its file does not exist. */
export function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  return ignoring(isAbsent, call);
}

/** Converts the errors of a full disk to StoreFullError. */
export function translate(error: unknown): unknown {
  return isFull(error) ? new StoreFullError(error) : error;
}

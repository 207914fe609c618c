import { resolve } from 'node:path';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import { isDenied } from './errors.ts';

/** What a system call tried to do with the path in its error. */
const WISHES: Readonly<Record<string, string>> = {
  unlink: 'delete',
  rmdir: 'delete',
  rename: 'write',
  link: 'write',
  mkdir: 'make',
  scandir: 'read',
};

/**
 * The error for a command that lacks rights in a part of the store, such as where root once left a directory. Other errors
 * are returned unchanged, and so are all errors of root itself, since a change of owner does not help root.
 */
export function explainDenied(error: unknown, rootDirectory: string): unknown {
  const uid = process.geteuid?.();
  if (!uid || !isDenied(error)) return error;
  const { path, dest = path, syscall = '' } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const root = resolve(rootDirectory);
  return new OperatorError(
    `storage.filesystem.rootdirectory = ${root}: user ${uid} may not ${WISHES[syscall] ?? syscall} ${dest}: ` +
      `make that user the owner of everything there, by chown -R ${uid}:${process.getegid?.()} ${root}`,
    { cause: error },
  );
}

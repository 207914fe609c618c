import { BoundedCalls } from '../../files/bounded-calls.ts';
import { guardedFs } from '../../files/guarded-fs.ts';
import { THREAD_SHARES } from '../../files/thread-shares.ts';
import { StoreUnavailableError } from '../../registry/storage/object-store.ts';

export type { FileHandle } from '../../files/guarded-fs.ts';

/** The calls of all stores in this process: they share its threads. */
export const STORE_CALLS = new BoundedCalls({
  atOnce: THREAD_SHARES.store,
  perPath: 4,
  deadlineMs: 30_000,
  error: (message) => new StoreUnavailableError(message),
});

/**
 * This driver's replacement for node:fs/promises: the same functions, which throw StoreUnavailableError if the file
 * system does not answer (docs/decisions/0016-file-systems-that-hang.md). Add a missing function in
 * `services/files/guarded-fs.ts`.
 */
export const {
  access,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} = guardedFs(STORE_CALLS);

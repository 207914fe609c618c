import { BoundedCalls } from './bounded-calls.ts';
import { guardedFs } from './guarded-fs.ts';
import { THREAD_SHARES } from './thread-shares.ts';

/**
 * For files that the operator changes while the registry runs (accounts, certificates, keys). They may be on a network
 * file system that hangs; the previous contents then stay in use, so reads give up soon.
 */
export const { readFile, stat } = guardedFs(
  new BoundedCalls({
    atOnce: THREAD_SHARES.settings,
    perPath: 1,
    deadlineMs: 5000,
    error: (message) => new Error(message),
  }),
);

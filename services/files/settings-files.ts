import { BoundedCalls } from './bounded-calls.ts';
import { guardedFs } from './guarded-fs.ts';
import { THREAD_SHARES } from './thread-shares.ts';

/**
 * For files that the operator changes while the registry runs (accounts, certificates, keys): they may lie on a network
 * file system that hangs. What was read before stays in use then, so they are given up soon.
 */
export const { readFile, stat } = guardedFs(
  new BoundedCalls({
    atOnce: THREAD_SHARES.settings,
    perPath: 1,
    deadlineMs: 5000,
    error: (message) => new Error(message),
  }),
);

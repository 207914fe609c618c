import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict } from './errors.ts';

/** Attempts: each conflict says that another request for the key interfered, and that nothing is decided yet. */
const CONFLICTS_MAX = 10;
const PAUSE_MAX_MS = 100;

/**
 * Sends a write, and repeats it after each 409. Amazon and Ceph answer 409 to concurrent conditional creates; servers on
 * file systems to any write whose directory another request has just removed.
 */
export async function throughConflicts<T>(write: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let conflicts = 0; ; conflicts++)
    try {
      return await write();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isConflict(error) || conflicts === CONFLICTS_MAX) throw error;
      await sleep(randomInt(1, PAUSE_MAX_MS), undefined, signal && { signal });
    }
}

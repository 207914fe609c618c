import { setTimeout as sleep } from 'node:timers/promises';
import type { MirrorSession } from './mirror-session.ts';

const EVERY_MS = 60 * 60_000;
/** No write takes longer. */
const LEFTOVER_AGE_MS = 24 * 60 * 60_000;

/** Removes from the mirror what interrupted writes left there, now and then, until the session is over. */
export async function sweepLeftovers(session: MirrorSession): Promise<void> {
  const { signal, parts } = session;
  while (!signal.aborted) {
    try {
      await parts.target.sweep(LEFTOVER_AGE_MS, signal);
    } catch (error) {
      signal.throwIfAborted();
      // It costs room there, and nothing else: some servers do not let anyone delete a folder.
      parts.logger.info(
        { err: error, mirror: session.name },
        'cannot remove what writes left behind on a mirror',
      );
    }
    await sleep(EVERY_MS, undefined, { signal });
  }
}

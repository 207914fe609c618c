import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcrypt';

/** A password and a hash to compare it with; answered by a {@link Compared} of the same number. */
export interface ToCompare {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface Compared {
  readonly id: number;
  readonly isSame: boolean;
}

/**
 * Gives way to the threads that answer requests: whoever asks for a thousand log-ins a second must not slow down pulls.
 * Linux has a priority for each thread, and tells a thread its number; elsewhere hashing is as important as the rest.
 */
function giveWay(): void {
  try {
    const [thread = ''] = readlinkSync('/proc/thread-self').split('/').slice(-1);
    setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not on Linux, or not allowed to: log-ins are still bounded.
  }
}

giveWay();
parentPort?.on('message', ({ id, password, hash }: ToCompare) => {
  parentPort?.postMessage({ id, isSame: compareSync(password, hash) } satisfies Compared);
});

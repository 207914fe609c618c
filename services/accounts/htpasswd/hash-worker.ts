import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcrypt';

/** A password and a hash to compare it with; answered by a {@link Compared} with the same id. */
export interface ToCompare {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface Compared {
  readonly id: number;
  readonly isSame: boolean;
}

/** Lowers this thread's priority (on Linux), so that a flood of logins does not slow down pulls. */
function giveWay(): void {
  try {
    const [thread = ''] = readlinkSync('/proc/thread-self').split('/').slice(-1);
    setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not on Linux, or not allowed: logins are still bounded.
  }
}

giveWay();
parentPort?.on('message', ({ id, password, hash }: ToCompare) => {
  parentPort?.postMessage({ id, isSame: compareSync(password, hash) } satisfies Compared);
});

import { tooMany } from '../registry/access/too-many.ts';
import { WaitQueue } from '../registry/runtime/wait-queue.ts';

/** Most of those that wait now are through by then. */
const RETRY_AFTER_MS = 2000;

/** A queue of logins: throws TOO_MANY_REQUESTS when too many wait, or one has waited too long. */
export function loginQueue(options: {
  readonly atOnce: number;
  readonly waiting: number;
  readonly waitMaxMs: number;
}): WaitQueue {
  const { atOnce, waiting, waitMaxMs } = options;
  const refuse = () => tooMany('too many people log in at once', RETRY_AFTER_MS);
  return new WaitQueue({ atOnce, limits: { waiting, waitMaxMs, refuse } });
}

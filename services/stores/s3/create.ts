import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locks } from '../../registry/locks.ts';
import type { Bucket } from './bucket.ts';
import { isConflict, isUnmet, S3Error } from './errors.ts';
import { WriteMark } from './mark.ts';
import { statObject } from './stat.ts';
import { putObject, writeWhole } from './write.ts';

/** Creates an object unless its key is taken; of any number of racers one hears `created`. */
export type Create = (
  bucketKey: string,
  bytes: Buffer,
  signal?: AbortSignal,
) => Promise<'created' | 'exists'>;

/** Each says that another request for the key came between, and that nothing is decided yet. */
const CONFLICTS_MAX = 10;
const CONFLICT_PAUSE_MAX_MS = 100;

/** By `If-None-Match: *`: the server decides. */
export function creatingByCondition(bucket: Bucket): Create {
  return async (bucketKey, bytes, signal) => {
    const mark = new WriteMark();
    for (let conflicts = 0; ; conflicts++) {
      try {
        await putObject(bucket, bucketKey, bytes, mark, { IfNoneMatch: '*' }, signal);
        return 'created';
      } catch (error) {
        signal?.throwIfAborted();
        if (isConflict(error) && conflicts < CONFLICTS_MAX) {
          await sleep(randomInt(1, CONFLICT_PAUSE_MAX_MS), undefined, signal && { signal });
          continue;
        }
        const isFirstTry = conflicts === 0 && error instanceof S3Error && error.attempts === 1;
        if (isUnmet(error) && isFirstTry) return 'exists';
        // An earlier try, whose answer was lost, may have created it, and be what stands in the way of a later one.
        const found = await mark.look(bucket, bucketKey, signal);
        if (found === 'ours') return 'created';
        if (found === 'theirs' || isUnmet(error)) return 'exists';
        throw error;
      }
    }
  };
}

/** By turns: for servers that have no conditional create. */
export function creatingByLock(bucket: Bucket, locks: Locks): Create {
  return (bucketKey, bytes, signal) =>
    locks.hold(bucketKey, async (held) => {
      const either = signal ? AbortSignal.any([signal, held]) : held;
      if ((await statObject(bucket, bucketKey, either)) !== undefined) return 'exists';
      await writeWhole(bucket, bucketKey, bytes, either);
      // Without the lock another may have created it, too: then neither may be told that it has.
      held.throwIfAborted();
      return 'created';
    });
}

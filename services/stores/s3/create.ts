import type { Locks } from '../../registry/storage/locks.ts';
import type { Bucket } from './bucket.ts';
import { throughConflicts } from './conflicts.ts';
import { isUnmet, S3Error } from './errors.ts';
import { WriteMark } from './mark.ts';
import { statObject } from './stat.ts';
import { putObject, writeWhole } from './write.ts';

/** Creates an object unless its key is taken; of concurrent callers, one gets `created`. */
export type Create = (
  bucketKey: string,
  bytes: Buffer,
  signal?: AbortSignal,
) => Promise<'created' | 'exists'>;

/** By `If-None-Match: *`: the server decides. */
export function creatingByCondition(bucket: Bucket): Create {
  return async (bucketKey, bytes, signal) => {
    const mark = new WriteMark();
    let tries = 0;
    const create = () => {
      tries++;
      return putObject(bucket, bucketKey, bytes, mark, { IfNoneMatch: '*' }, signal);
    };
    try {
      await throughConflicts(create, signal);
      return 'created';
    } catch (error) {
      signal?.throwIfAborted();
      const isFirstTry = tries === 1 && error instanceof S3Error && error.attempts === 1;
      if (isUnmet(error) && isFirstTry) return 'exists';
      // An earlier attempt, whose answer was lost, may have created it, and made a later one fail.
      const found = await mark.look(bucket, bucketKey, signal);
      if (found === 'ours') return 'created';
      if (found === 'theirs' || isUnmet(error)) return 'exists';
      throw error;
    }
  };
}

/** By a lock: for servers that have no conditional create. */
export function creatingByLock(bucket: Bucket, locks: Locks): Create {
  return (bucketKey, bytes, signal) =>
    locks.withLock(bucketKey, async (held) => {
      const either = signal ? AbortSignal.any([signal, held]) : held;
      if ((await statObject(bucket, bucketKey, either)) !== undefined) return 'exists';
      await writeWhole(bucket, bucketKey, bytes, either);
      // Without the lock, another process may have created it too: then neither may get `created`.
      held.throwIfAborted();
      return 'created';
    });
}

/** Finds out at the first creation how to create, since the test has to write. */
export function findingTheWayLater(find: () => Promise<Create>): Create {
  let found: Promise<Create> | undefined;
  return async (...request) => {
    found ??= find().catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return (await found)(...request);
  };
}

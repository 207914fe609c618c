import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { Bucket } from './bucket.ts';
import { throughConflicts } from './conflicts.ts';
import { ifThere } from './errors.ts';

const MARK = 'roadstead-write';

/**
 * A name for one write, stored with the object. If the answer to a write is lost, the mark shows whether the existing
 * object was made by it: size and time do not, and not every server's ETag does.
 */
export class WriteMark {
  readonly #id: string = crypto.randomUUID();

  /** The metadata to send with the write. */
  get metadata(): Record<string, string> {
    return { [MARK]: this.#id };
  }

  /** Whether the object at a key was made by this write, by another, or does not exist. */
  async look(
    bucket: Bucket,
    bucketKey: string,
    signal?: AbortSignal,
  ): Promise<'ours' | 'theirs' | 'nothing'> {
    const request = { Bucket: bucket.name, Key: bucketKey };
    const head = await ifThere(bucket.send(new HeadObjectCommand(request), signal));
    if (head === undefined) return 'nothing';
    return head.Metadata?.[MARK] === this.#id ? 'ours' : 'theirs';
  }

  /**
   * Does a write that may be repeated, and that may have succeeded although it failed. Finding it does not answer the
   * doubts of its fence: an earlier attempt may still come late.
   */
  async confirm(
    bucket: Bucket,
    bucketKey: string,
    write: () => Promise<unknown>,
    signal?: AbortSignal,
  ): Promise<void> {
    try {
      await throughConflicts(write, signal);
    } catch (error) {
      if (signal?.aborted) throw error;
      const found = await this.look(bucket, bucketKey, signal).catch(() => undefined);
      if (found !== 'ours') throw error;
    }
  }
}

import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { Bucket } from './bucket.ts';
import { throughConflicts } from './conflicts.ts';
import { isAbsent } from './errors.ts';

const MARK = 'roadstead-write';

/**
 * A name for one write, kept with the object. When the answer to a write is lost, a look tells whether the object that
 * is there was made by it: size and time would not, and not every server's ETag does.
 */
export class WriteMark {
  readonly #id: string = crypto.randomUUID();

  /** To be given with the write. */
  get metadata(): Record<string, string> {
    return { [MARK]: this.#id };
  }

  /** What is at a key of the bucket: what this write made, what another did, or nothing. */
  async look(
    bucket: Bucket,
    bucketKey: string,
    signal?: AbortSignal,
  ): Promise<'ours' | 'theirs' | 'nothing'> {
    const request = { Bucket: bucket.name, Key: bucketKey };
    try {
      const head = await bucket.send(new HeadObjectCommand(request), signal);
      return head.Metadata?.[MARK] === this.#id ? 'ours' : 'theirs';
    } catch (error) {
      if (isAbsent(error)) return 'nothing';
      throw error;
    }
  }

  /** Does a write that may be repeated, and that may have been done although it failed. */
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

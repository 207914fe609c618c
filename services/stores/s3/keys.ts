import { checkObjectKey } from '../object-key.ts';

/** Our keys in a bucket, all below one prefix. */
export class KeySpace {
  /** `''`, or ends in a slash. */
  readonly prefix: string;

  /** `rootDirectory` as Distribution takes it: slashes at its ends do not count. */
  constructor(rootDirectory: string) {
    const bare = rootDirectory.replaceAll(/^\/+|\/+$/g, '');
    this.prefix = bare === '' ? '' : `${bare}/`;
  }

  /** A key in the bucket. Throws on an illegal key: a mistake of ours, never a client's. */
  inBucket(key: string): string {
    checkObjectKey(key);
    return this.prefix + key;
  }

  /** Our name for a key, or a common prefix, of the bucket. */
  ours(bucketKey: string): string {
    return bucketKey.slice(this.prefix.length);
  }
}

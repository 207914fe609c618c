/** Printable ASCII: there byte order is string order, and every backend spells it alike. */
const SEGMENT = /^[!-\-0-~][ -.0-~]*$/;

/** Whether an object of ours can have this key. */
export function isKey(key: string): boolean {
  return key.split('/').every((segment) => SEGMENT.test(segment));
}

/** Our keys in a bucket, where they all stand below one prefix. */
export class KeySpace {
  /** `''`, or ends in a slash. */
  readonly prefix: string;

  /** `rootDirectory` as Distribution takes it: slashes at its ends do not count. */
  constructor(rootDirectory: string) {
    const bare = rootDirectory.replaceAll(/^\/+|\/+$/g, '');
    this.prefix = bare === '' ? '' : `${bare}/`;
  }

  /** A key as the bucket has it. Throws on an illegal one: a mistake of ours, never a client's. */
  inBucket(key: string): string {
    if (!isKey(key)) throw new Error(`not an object key: ${JSON.stringify(key.slice(0, 300))}`);
    return this.prefix + key;
  }

  /** A key, or a common prefix, of the bucket as we call it. */
  ours(bucketKey: string): string {
    return bucketKey.slice(this.prefix.length);
  }
}

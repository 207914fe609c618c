/** Printable ASCII: its byte order is its string order, and every backend encodes it alike. */
const SEGMENT = /^[!-\-0-~][ -.0-~]*$/;

/** Whether an object of ours can have this key. */
export function isObjectKey(key: string): boolean {
  return key.split('/').every((segment) => SEGMENT.test(segment));
}

/** Throws on an illegal key, such as one with `..`: a mistake of ours, never a client's. */
export function checkObjectKey(key: string): void {
  if (!isObjectKey(key)) throw new Error(`not an object key: ${JSON.stringify(key.slice(0, 300))}`);
}

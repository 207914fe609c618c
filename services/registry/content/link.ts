import { type Digest, isDigest } from '../digest.ts';
import type { ObjectStore, PutOptions } from '../object-store.ts';

/** Larger than any link; a link is 71 bytes (`sha256:` and 64 digits, no newline). */
const LINK_MAX_BYTES = 1024;

/**
 * Reads a link. The content counts, not the path: for a blob pushed under another algorithm Distribution writes a
 * link whose path names that algorithm and whose content is the sha256 under which the bytes lie.
 */
export async function readLink(
  objects: ObjectStore,
  key: string,
  signal?: AbortSignal,
): Promise<Digest | undefined> {
  const text = (await objects.read(key, LINK_MAX_BYTES, signal))?.toString('utf8').trim();
  if (text === undefined) return undefined;
  if (!isDigest(text)) throw new Error(`the link ${key} does not hold a sha256 digest`);
  return text;
}

/** Writes a link, byte for byte as Distribution does. */
export function writeLink(
  objects: ObjectStore,
  key: string,
  digest: Digest,
  options?: PutOptions,
): Promise<void> {
  return objects.put(key, Buffer.from(digest, 'ascii'), options);
}

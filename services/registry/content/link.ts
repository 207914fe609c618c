import { setTimeout as sleep } from 'node:timers/promises';
import { isDigest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import type { Fence } from '../storage/fence.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** Larger than any link; a link is 71 bytes (`sha256:` and 64 digits, no newline). */
const LINK_MAX_BYTES = 1024;

/** Distribution 2.8 on a file system empties a link before it writes it; a read in between finds it empty. */
const LOOKS_AT_EMPTY = 50;
const LOOK_AGAIN_MS = 10;

/**
 * Reads a link to stored bytes. Its content counts, not its path: for content pushed under another algorithm,
 * Distribution writes a link whose path names that algorithm and whose content is the SHA-256 digest. Where Distribution
 * mounts such content, the link holds the other algorithm, and is broken there too. Undefined also for a link that stays
 * empty, as when Distribution was killed while writing it.
 */
export async function readLink(
  objects: ObjectStore,
  key: string,
  signal?: AbortSignal,
): Promise<Sha256Digest | undefined> {
  for (let look = 1; ; look++) {
    const text = (await objects.read(key, LINK_MAX_BYTES, signal))?.toString('utf8').trim();
    if (text === undefined || isSha256(text)) return text;
    if (isDigest(text)) return undefined;
    if (text !== '') throw new Error(`the link ${key} does not hold a digest`);
    if (look === LOOKS_AT_EMPTY) return undefined;
    await sleep(LOOK_AGAIN_MS, undefined, signal && { signal });
  }
}

/** Writes a link, byte for byte as Distribution does. */
export function writeLink(
  objects: ObjectStore,
  key: string,
  digest: Sha256Digest,
  fence?: Fence,
): Promise<void> {
  return objects.put(key, linkTo(digest), { fence });
}

/** The bytes of a link. */
export function linkTo(digest: Sha256Digest): Buffer {
  return Buffer.from(digest, 'ascii');
}

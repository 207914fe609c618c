import { type Digest, isDigest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import { tagNameKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** What a tag names: where the bytes lie, and what the client who pushed them calls them. */
export interface TagTarget {
  readonly stored: Sha256Digest;
  readonly digest: Digest;
}

/**
 * Records how a client named what a tag is about to name. The tag's own link always holds the SHA-256: Distribution's
 * collector takes a manifest for untagged when a tag's link holds anything else. To be called before the link moves; a
 * record that does not fit the link counts for nothing.
 */
export async function recordTagName(
  objects: ObjectStore,
  name: RepositoryName,
  tag: Tag,
  { stored, digest }: TagTarget,
  signal?: AbortSignal,
): Promise<void> {
  const key = tagNameKey(name, tag);
  if (digest === stored) return objects.delete([key], signal);
  return objects.put(key, Buffer.from(printTarget({ stored, digest })), signal && { signal });
}

/** How the client named the manifest that lies at `stored` when it tagged it so. */
export async function readTagName(
  objects: ObjectStore,
  name: RepositoryName,
  tag: Tag,
  stored: Sha256Digest,
  signal?: AbortSignal,
): Promise<Digest> {
  const bytes = await objects.read(tagNameKey(name, tag), 1024, signal);
  const target = bytes && parseTarget(bytes.toString('utf8'));
  return target?.stored === stored ? target.digest : stored;
}

/** One line: the SHA-256, and the other name where there is one. */
export function printTarget({ stored, digest }: TagTarget): string {
  return digest === stored ? stored : `${stored} ${digest}`;
}

/** Reads what {@link printTarget} writes; undefined for anything else. */
export function parseTarget(text: string): TagTarget | undefined {
  const [stored = '', digest = stored, ...rest] = text.split(' ');
  return isSha256(stored) && isDigest(digest) && rest.length === 0 ? { stored, digest } : undefined;
}

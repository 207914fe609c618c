import { type Digest, isDigest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import type { Fence } from '../storage/fence.ts';
import { tagNameKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** What a tag names: the canonical digest, and the one by which the client that pushed it named it. */
export interface TagTarget {
  readonly canonicalDigest: Sha256Digest;
  readonly digest: Digest;
}

/**
 * Records how a client named what a tag is about to name. The tag's own link always holds the SHA-256: Distribution's
 * collector takes a manifest for untagged when a tag's link holds anything else. To be called before the link moves; a
 * record that does not fit the link is ignored.
 */
export async function recordTagName(
  objects: ObjectStore,
  name: RepositoryName,
  tag: Tag,
  { canonicalDigest, digest }: TagTarget,
  fence: Fence,
): Promise<void> {
  const key = tagNameKey(name, tag);
  if (digest !== canonicalDigest)
    return objects.put(key, Buffer.from(printTarget({ canonicalDigest, digest })), { fence });
  // A look costs less than a delete, and there is seldom such a record.
  if (await objects.stat(key)) await objects.delete([key], undefined, { fence });
}

/** The digest by which the client that moved the tag named the manifest with this canonical digest. */
export async function readTagName(
  objects: ObjectStore,
  name: RepositoryName,
  tag: Tag,
  canonical: Sha256Digest,
  signal?: AbortSignal,
): Promise<Digest> {
  const bytes = await objects.read(tagNameKey(name, tag), 1024, signal);
  const target = bytes && parseTarget(bytes.toString('utf8'));
  return target?.canonicalDigest === canonical ? target.digest : canonical;
}

/** One line: the SHA-256, and the other name where there is one. */
export function printTarget({ canonicalDigest, digest }: TagTarget): string {
  return digest === canonicalDigest ? digest : `${canonicalDigest} ${digest}`;
}

/** Reads what {@link printTarget} writes; undefined for anything else. */
export function parseTarget(text: string): TagTarget | undefined {
  const [canonicalDigest = '', digest = canonicalDigest, ...rest] = text.split(' ');
  return isSha256(canonicalDigest) && isDigest(digest) && rest.length === 0
    ? { canonicalDigest, digest }
    : undefined;
}

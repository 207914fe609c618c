import { type Digest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { Fence } from '../storage/fence.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { readLink, writeLink } from './link.ts';

/*
 * Content named by another algorithm (docs/decisions/0018-content-named-by-other-algorithms.md): bytes are under their
 * SHA-256, the canonical digest. A repository has a link under that digest, which decides whether it has the content,
 * and one more under the digest that the client used, if that is another one. Both links hold the canonical digest.
 */

/** The key of a repository's link to a blob or to a manifest. */
type LinkKey = (name: RepositoryName, digest: Digest) => string;

/** The canonical digest of what a repository has under the requested one; undefined where it has no such content. */
export async function resolveContent(
  objects: ObjectStore,
  keyOf: LinkKey,
  name: RepositoryName,
  requested: Digest,
  signal?: AbortSignal,
): Promise<Sha256Digest | undefined> {
  const canonical = await readLink(objects, keyOf(name, requested), signal);
  if (canonical === undefined || isSha256(requested)) return canonical;
  // Content that was deleted by its SHA-256 is gone under its other name too.
  return readLink(objects, keyOf(name, canonical), signal);
}

/** Gives a repository content, under its canonical digest and, where that is another one, under the client's. */
export async function linkContent(
  objects: ObjectStore,
  keyOf: LinkKey,
  name: RepositoryName,
  canonical: Sha256Digest,
  requested: Digest,
  fence?: Fence,
): Promise<void> {
  await writeLink(objects, keyOf(name, canonical), canonical, fence);
  if (requested !== canonical) await writeLink(objects, keyOf(name, requested), canonical, fence);
}

/** Takes content from a repository: first the link that decides, then those under its other names. */
export async function unlinkContent(
  objects: ObjectStore,
  keyOf: LinkKey,
  name: RepositoryName,
  canonical: Sha256Digest,
  names: readonly Digest[],
  fence: Fence,
): Promise<void> {
  await objects.delete([keyOf(name, canonical)], undefined, { fence });
  const others = names.filter((digest) => digest !== canonical).map((digest) => keyOf(name, digest));
  if (others.length > 0) await objects.delete(others, undefined, { fence });
}

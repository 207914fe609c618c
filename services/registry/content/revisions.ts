import { algorithmOf, type Digest, digestBy, type Sha256Digest } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES, type Manifest } from '../oci/manifest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { readStoredManifest } from '../oci/stored-manifest.ts';
import { revisionLinkKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { resolveContent } from './canonical.ts';
import type { Integrity } from './integrity.ts';

/** The canonical digest of a repository's manifest; undefined where it has no such manifest. */
export function resolveRevision(
  objects: ObjectStore,
  name: RepositoryName,
  digest: Digest,
  signal?: AbortSignal,
): Promise<Sha256Digest | undefined> {
  return resolveContent(objects, revisionLinkKey, name, digest, signal);
}

/** A repository's manifest, if it has it and its bytes are what their digest says; throws beyond `mostBytes`. */
export async function readRevision(
  objects: ObjectStore,
  integrity: Integrity,
  name: RepositoryName,
  digest: Digest,
  mostBytes = MANIFEST_MAX_BYTES,
): Promise<Manifest | undefined> {
  const canonical = await resolveRevision(objects, name, digest);
  const bytes = canonical && (await integrity.read(canonical, mostBytes));
  if (canonical === undefined || bytes === undefined) return undefined;
  // The link alone does not bind another algorithm's digest to the bytes.
  if (digest !== canonical && digestBy(algorithmOf(digest), bytes) !== digest)
    throw new Error(`the link of ${digest} leads to other content`);
  return readStoredManifest(bytes, digest, canonical);
}

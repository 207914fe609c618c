import { algorithmOf, type Digest, digestBy, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES, type Manifest } from '../oci/manifest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { readStoredManifest } from '../oci/stored-manifest.ts';
import { revisionLinkKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Integrity } from './integrity.ts';
import { readLink } from './link.ts';

/** Where the bytes of a repository's manifest lie, whatever algorithm names it; undefined where it has none such. */
export async function resolveRevision(
  objects: ObjectStore,
  name: RepositoryName,
  digest: Digest,
  signal?: AbortSignal,
): Promise<Sha256Digest | undefined> {
  const stored = await readLink(objects, revisionLinkKey(name, digest), signal);
  if (stored === undefined || isSha256(digest)) return stored;
  // A manifest that was deleted by its SHA-256 has gone under its other name too.
  return readLink(objects, revisionLinkKey(name, stored), signal);
}

/** A repository's manifest, if it has it and its bytes are what their digest says. */
export async function readRevision(
  objects: ObjectStore,
  integrity: Integrity,
  name: RepositoryName,
  digest: Digest,
  signal?: AbortSignal,
): Promise<Manifest | undefined> {
  const stored = await resolveRevision(objects, name, digest, signal);
  const bytes = stored && (await integrity.read(stored, MANIFEST_MAX_BYTES, signal));
  if (stored === undefined || bytes === undefined) return undefined;
  // A second name costs a second look: the link alone does not bind it to the bytes.
  if (digest !== stored && digestBy(algorithmOf(digest), bytes) !== digest)
    throw new Error(`the link of ${digest} leads to other content`);
  return readStoredManifest(bytes, digest, stored);
}

import { MemoryChanges } from '../../services/memory/changes.ts';
import type { Content } from '../../services/registry/content/content.ts';
import { pushBlob } from '../../services/registry/content/push-blob.ts';
import { pushManifest } from '../../services/registry/content/push-manifest.ts';
import type { UploadPlace } from '../../services/registry/content/upload-records.ts';
import type { UploadBody } from '../../services/registry/content/uploads.ts';
import type { Requester } from '../../services/registry/notifications/requester.ts';
import type { Digest } from '../../services/registry/oci/digest.ts';
import type { Manifest } from '../../services/registry/oci/manifest.ts';
import type { ManifestRules } from '../../services/registry/oci/manifest-rules.ts';
import type { RepositoryName } from '../../services/registry/oci/names.ts';

/** Pushes by the library alone: no HTTP, nothing recorded, nobody notified. */

export const NOBODY: Requester = { record: async () => undefined, notify: async () => undefined };

const ALL: ManifestRules = { indexes: 'all', urls: { allow: [], deny: [] } };

/** Makes an upload a blob. */
export function closeUpload(content: Content, place: UploadPlace, digest: Digest, body: UploadBody) {
  return pushBlob({ content, changes: new MemoryChanges() }, NOBODY, place, digest, body);
}

/** Pushes a manifest without tags. */
export function putManifest(content: Content, repository: RepositoryName, manifest: Manifest, rules = ALL) {
  const registry = { content, changes: new MemoryChanges() };
  return pushManifest(registry, NOBODY, { repository, manifest, rules, tags: [] });
}

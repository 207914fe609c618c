import type { Requester } from '../notifications/requester.ts';
import type { Child, Manifest } from '../oci/manifest.ts';
import { checkForeignUrls, type ManifestRules } from '../oci/manifest-rules.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import type { Registry } from './content.ts';
import type { TagCondition } from './tag-moves.ts';

/** A manifest that a client pushes, and the tags that are to name it. */
export interface ManifestPush {
  readonly repository: RepositoryName;
  readonly manifest: Manifest;
  readonly rules: ManifestRules;
  readonly tags: readonly Tag[];
  /** What the tags must name now for the push to be done. */
  readonly condition?: TagCondition | undefined;
}

/**
 * Pushes a manifest: check the condition and foreign URLs, protect what it names from the collector, verify, record,
 * publish, move the tags, notify. Tags move when all that the manifest names is known to be there. Returns what an index
 * lists and may lack by the rules. Throws as {@link Manifests.verify} does, MANIFEST_INVALID for a foreign URL that the
 * rules refuse, and TAG_MOVED if the condition does not hold.
 */
export async function pushManifest(
  { content, changes }: Registry,
  requester: Requester,
  { repository, manifest, rules, tags, condition }: ManifestPush,
): Promise<readonly Child[]> {
  const { manifests, quarantine } = content;
  const { mediaType, digest, bytes } = manifest;
  if (condition) for (const tag of tags) await content.tags.check(repository, tag, condition);
  checkForeignUrls(rules, manifest);
  let recorded: Promise<void> | undefined;
  const absent = await quarantine.pin(await manifests.keptBy(repository, manifest), async () => {
    const missing = await manifests.verify(repository, manifest, rules);
    // Once, although a slow push comes here twice.
    recorded ??= requester.record({
      ...{ action: 'manifest.push', repository, digest, tags },
      // The loser of a race finds that the tag has moved: then the manifest was pushed, and the tag stays.
      ...(condition && { details: { condition: condition.kind } }),
    });
    await recorded;
    await manifests.write(repository, manifest);
    return missing;
  });
  for (const tag of tags) {
    if (condition) await content.tags.moveIf(repository, tag, manifest, condition);
    else await content.tags.move(repository, tag, manifest);
    changes.publish({ kind: 'tag-moved', repository, tag });
  }
  const push = { kind: 'manifest', action: 'push', repository, mediaType, digest, bytes } as const;
  await requester.notify(tags.length === 0 ? [push] : tags.map((tag) => ({ ...push, tag })));
  return absent;
}

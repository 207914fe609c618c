import type { Requester } from '../notifications/requester.ts';
import type { Sha256Digest } from '../oci/digest.ts';
import { allBlobs, type Child, type Manifest } from '../oci/manifest.ts';
import { checkForeignUrls, type ManifestRules } from '../oci/manifest-rules.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import type { Fence } from '../storage/fence.ts';
import type { Registry } from './content.ts';
import { checkCondition, type TagCondition } from './tag-condition.ts';
import type { TagTarget } from './tag-names.ts';
import type { Tags } from './tags.ts';
import { blobChange, manifestChange, tagChange } from './turns/change.ts';
import type { Turn } from './turns/held-turn.ts';

/** A manifest that a client pushes, and the tags that are to name it. */
export interface ManifestPush {
  readonly repository: RepositoryName;
  readonly manifest: Manifest;
  readonly rules: ManifestRules;
  readonly tags: readonly Tag[];
  /** What the tags must name now for the push to be done. */
  readonly condition?: TagCondition | undefined;
  /** Aborts when the client has gone: nothing is changed then. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Pushes a manifest: check the condition and foreign URLs, protect what it names from the collector, verify, record,
 * store its bytes; then, in a turn of the repository, link it and move the tags; notify. Tags move when all that the
 * manifest names is known to be there. Returns what an index lists and may lack by the rules. Throws as
 * {@link Manifests.verify} does, MANIFEST_INVALID for a foreign URL that the rules refuse, TAG_MOVED if the condition does
 * not hold, and as {@link Turns.take} does.
 */
export async function pushManifest(
  { content, changes }: Registry,
  requester: Requester,
  push: ManifestPush,
): Promise<readonly Child[]> {
  const { manifests, quarantine, turns, writes } = content;
  const { repository, manifest, rules, tags, condition } = push;
  const { mediaType, digest, bytes } = manifest;
  // Before any work is done; what counts is the look in the turn.
  if (condition) for (const tag of tags) await expectTag(content.tags, repository, tag, condition, manifest);
  checkForeignUrls(rules, manifest);
  let recorded: Promise<void> | undefined;
  let before: Before = new Map();
  const absent = await quarantine.pin(await manifests.keptBy(repository, manifest), {
    async verify() {
      const missing = await manifests.verify(repository, manifest, rules);
      // Once, although a slow push comes here twice.
      recorded ??= requester.record({
        ...{ action: 'manifest.push', repository, digest, tags },
        // The loser of a race finds that the tag has moved: then the manifest was pushed, and the tag stays.
        ...(condition && { details: { condition: condition.kind } }),
      });
      await recorded;
      await manifests.store(manifest);
      return missing;
    },
    async commit(_, { isAgain, refresh }) {
      const made = [
        manifestChange(manifest.canonicalDigest, 'linked'),
        ...tags.map((tag) => tagChange(tag, manifest.canonicalDigest)),
      ];
      const needs = allBlobs(manifest).map((blob) => blobChange(blob.digest, 'linked'));
      const link = async (fence: Fence) => {
        await refresh();
        await writes.confirm(isAgain);
        // A second time tags stay where they are: others may have moved them since, or deleted the manifest with them.
        if (isAgain && !(await isNamed(content, push))) return;
        await manifests.link(repository, manifest, fence);
        if (isAgain) return;
        before = await moveTags(content, push, fence);
        for (const tag of tags) changes.publish({ kind: 'tag-moved', repository, tag });
      };
      await turns.share(repository, made, link, { signal: push.signal, needs });
    },
    undo: () => turns.take(repository, [], (turn) => takeBack(content, push, before, turn)),
  });
  const event = { kind: 'manifest', action: 'push', repository, mediaType, digest, bytes } as const;
  await requester.notify(tags.length === 0 ? [event] : tags.map((tag) => ({ ...event, tag })));
  return absent;
}

/** What tags named before a push. */
type Before = ReadonlyMap<Tag, Sha256Digest | undefined>;

/** Moves the tags, if the condition holds; returns what they named before. */
async function moveTags(
  { tags: allTags }: Registry['content'],
  { repository, manifest, tags, condition }: ManifestPush,
  fence: Fence,
): Promise<Before> {
  const before = new Map<Tag, Sha256Digest | undefined>();
  for (const tag of tags) {
    const now = condition
      ? (await expectTag(allTags, repository, tag, condition, manifest))?.canonicalDigest
      : await allTags.resolve(repository, tag);
    before.set(tag, now);
  }
  for (const tag of tags) await allTags.move(repository, tag, manifest, fence);
  return before;
}

/** Checks the condition on a tag; returns what the tag names. */
async function expectTag(
  tags: Tags,
  repository: RepositoryName,
  tag: Tag,
  condition: TagCondition,
  manifest: Manifest,
): Promise<TagTarget | undefined> {
  const now = await tags.target(repository, tag);
  checkCondition(condition, now, manifest);
  return now;
}

/** Whether a push is still to be seen: by one of its tags, if it has any. */
async function isNamed(
  { tags: allTags }: Registry['content'],
  { repository, manifest, tags }: ManifestPush,
): Promise<boolean> {
  for (const tag of tags)
    if ((await allTags.resolve(repository, tag)) === manifest.canonicalDigest) return true;
  return tags.length === 0;
}

/** Content that the manifest names has gone while it was linked: no tag may name it. */
async function takeBack(
  { manifests, tags: allTags }: Registry['content'],
  { repository, manifest, tags }: ManifestPush,
  before: Before,
  { fence, declare }: Turn,
): Promise<void> {
  await declare([manifestChange(manifest.canonicalDigest, 'gone')]);
  for (const tag of tags) {
    if ((await allTags.resolve(repository, tag)) !== manifest.canonicalDigest) continue;
    const earlier = before.get(tag);
    const to = earlier && (await manifests.has(repository, earlier)) ? earlier : undefined;
    await declare([tagChange(tag, to), ...(to ? [manifestChange(to, 'linked')] : [])]);
    if (to) await allTags.move(repository, tag, { canonicalDigest: to, digest: to }, fence);
    else await allTags.delete(repository, [tag], fence);
  }
  await manifests.unlink(repository, manifest, fence);
}

import type { Content } from '../../services/registry/content/content.ts';
import { checkCondition, type TagCondition } from '../../services/registry/content/tag-condition.ts';
import type { TagTarget } from '../../services/registry/content/tag-names.ts';
import { tagChange } from '../../services/registry/content/turns/change.ts';
import type { RepositoryName, Tag } from '../../services/registry/oci/names.ts';

/** Moves a tag as a push does, in a turn of its repository, if the condition holds; the manifest need not be there. */
export async function moveTag(
  { tags, turns }: Pick<Content, 'tags' | 'turns'>,
  name: RepositoryName,
  tag: Tag,
  target: TagTarget,
  condition?: TagCondition,
): Promise<void> {
  await turns.take(name, [tagChange(tag, target.canonicalDigest)], async ({ fence }) => {
    if (condition) checkCondition(condition, await tags.target(name, tag), target);
    await tags.move(name, tag, target, fence);
  });
}

import { parseTarget, printTarget, type TagTarget } from '../content/tag-names.ts';
import type { Tags } from '../content/tags.ts';
import { tagTurnKey, tagTurnsPrefix } from '../layout.ts';
import type { RepositoryName, Tag } from '../names.ts';
import { listAll, type ObjectStore } from '../object-store.ts';

/** Which promotion a tag now follows. */
export interface Turn extends TagTarget {
  readonly seq: number;
}

/**
 * Moves a tag, when the promotion with this number is ready to, so that of promotions that race, in whichever
 * processes, the one that stands last in the log wins, and one that waited for mirrors does not undo a later one.
 *
 * Each first says that it is ready (a *turn*, an object of its own), then moves the tag to the highest turn's digest,
 * and looks again until there is no higher one. Whoever comes last sees all turns, so no lock and no conditional
 * write is needed; what others moved in between is moved to the same digest again.
 */
export async function moveTagInTurn(
  objects: ObjectStore,
  tags: Tags,
  target: { readonly repository: RepositoryName; readonly tag: Tag },
  own: Turn,
): Promise<Turn> {
  const { repository, tag } = target;
  await objects.put(tagTurnKey(repository, tag, own.seq), Buffer.from(printTarget(own)));
  let moved: Turn | undefined;
  for (;;) {
    const highest = await highestTurn(objects, repository, tag, own);
    if (highest.seq === moved?.seq) break;
    await tags.move(repository, tag, highest);
    moved = highest;
  }
  const lower: string[] = [];
  for await (const { key } of listAll(objects, { prefix: tagTurnsPrefix(repository, tag) }))
    if (key < tagTurnKey(repository, tag, moved.seq)) lower.push(key);
  await objects.delete(lower);
  return moved;
}

async function highestTurn(
  objects: ObjectStore,
  repository: RepositoryName,
  tag: Tag,
  own: Turn,
): Promise<Turn> {
  const prefix = tagTurnsPrefix(repository, tag);
  let last = tagTurnKey(repository, tag, own.seq);
  for await (const { key } of listAll(objects, { prefix, startAfter: last })) last = key;
  const bytes = await objects.read(last, 1024);
  // A still higher one has come, and its author has cleared this one away.
  if (bytes === undefined) return highestTurn(objects, repository, tag, own);
  const turn = parseTarget(bytes.toString('utf8'));
  if (turn === undefined) throw new Error(`the turn ${last} does not hold a digest`);
  return { seq: Number(last.slice(prefix.length)), ...turn };
}

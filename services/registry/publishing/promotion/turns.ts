import { parseTarget, printTarget, type TagTarget } from '../../content/tag-names.ts';
import type { Tags } from '../../content/tags.ts';
import type { RepositoryName, Tag } from '../../oci/names.ts';
import { tagTurnKey, tagTurnsPrefix } from '../../storage/layout.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';

/** Which promotion a tag now follows. */
export interface Turn extends TagTarget {
  readonly seq: number;
}

/** A tag, and where it is. */
export interface TagPlace {
  readonly repository: RepositoryName;
  readonly tag: Tag;
}

/**
 * Moves a tag, when the promotion with this number is ready to, so that of promotions that race, in whichever
 * processes, the one that stands last in the log wins, and one that waited for mirrors does not undo a later one.
 *
 * Each first says that it is ready (a *turn*, an object of its own), then moves the tag to the highest turn's digest,
 * and looks again until there is no higher one. Whoever comes last sees all turns, so no lock and no conditional
 * write is needed; what others moved in between is moved to the same digest again. A promotion that dies between a late
 * write and its second look, or whose request to the store arrives after it was given up, is mended by {@link settleTag}.
 */
export async function moveTagInTurn(
  objects: ObjectStore,
  tags: Tags,
  target: TagPlace,
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
  // Without it a still higher one has come, and its author has cleared this one away.
  return (await readTurn(objects, prefix, last)) ?? highestTurn(objects, repository, tag, own);
}

/** The turn that a tag has to follow; undefined where no promotion ever moved it. */
export async function currentTurn(
  objects: ObjectStore,
  { repository, tag }: TagPlace,
  signal?: AbortSignal,
): Promise<Turn | undefined> {
  const prefix = tagTurnsPrefix(repository, tag);
  for (;;) {
    let last: string | undefined;
    for await (const { key } of listAll(objects, { prefix }, signal)) last = key;
    if (last === undefined) return undefined;
    const turn = await readTurn(objects, prefix, last, signal);
    if (turn) return turn;
  }
}

/**
 * Moves a tag back to its highest turn when it names what an earlier promotion wrote late. `isSuperseded` says whether
 * that is so of what it names now; a tag that is not there, or was moved by other means, is left alone. Answers with
 * the turn that it was moved to. Anybody may do this at any time, any number at once: like a promotion, it looks again
 * after it has written.
 */
export async function settleTag(
  objects: ObjectStore,
  tags: Tags,
  place: TagPlace,
  isSuperseded: (named: TagTarget, by: Turn) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<Turn | undefined> {
  const { repository, tag } = place;
  let moved: Turn | undefined;
  for (;;) {
    const highest = await currentTurn(objects, place, signal);
    if (highest === undefined || highest.seq === moved?.seq) return moved;
    if (moved === undefined) {
      const named = await tags.target(repository, tag, signal);
      if (named === undefined || follows(named, highest)) return undefined;
      // The same bytes under another of their names: half of a late write.
      if (named.canonicalDigest !== highest.canonicalDigest && !(await isSuperseded(named, highest)))
        return undefined;
      // A newer promotion may have moved the tag, perhaps back to an older image, since the turn was read.
      if ((await currentTurn(objects, place, signal))?.seq !== highest.seq) continue;
    }
    await tags.move(repository, tag, highest);
    moved = highest;
  }
}

/** Whether a tag names what its turn says. */
export function follows(named: TagTarget, turn: Turn): boolean {
  return named.canonicalDigest === turn.canonicalDigest && named.digest === turn.digest;
}

async function readTurn(
  objects: ObjectStore,
  prefix: string,
  key: string,
  signal?: AbortSignal,
): Promise<Turn | undefined> {
  const bytes = await objects.read(key, 1024, signal);
  if (bytes === undefined) return undefined;
  const turn = parseTarget(bytes.toString('utf8'));
  if (turn === undefined) throw new Error(`the turn ${key} does not hold a digest`);
  return { seq: Number(key.slice(prefix.length)), ...turn };
}

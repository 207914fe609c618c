import { parseTarget, printTarget, type TagTarget } from '../../content/tag-names.ts';
import type { Tags } from '../../content/tags.ts';
import type { RepositoryName, Tag } from '../../oci/names.ts';
import { tagTurnKey, tagTurnsPrefix } from '../../storage/layout.ts';
import { Numbered } from '../../storage/numbered.ts';
import type { ObjectStore } from '../../storage/object-store.ts';

/** A promotion that was ready to move a tag, by its number in the publication log, and where to. */
export interface TagTicket extends TagTarget {
  readonly seq: number;
}

/** A tag, and where it is. */
export interface TagPlace {
  readonly repository: RepositoryName;
  readonly tag: Tag;
}

/**
 * Moves a tag so that of promotions that race, in any number of processes, the last one in the log wins, and one that
 * waited for mirrors does not undo a later one. Returns the ticket that the tag follows now.
 *
 * Each promotion first writes a ticket under its own number, then moves the tag to the highest ticket's digest, and
 * looks again until there is no higher one. The last to write sees all tickets, so neither a lock nor a conditional
 * write is needed; moves by others lead to the same digest. A promotion that dies between a late write and its second
 * look, or whose request reaches the store after it was given up, is corrected by {@link settleTag}.
 */
export async function moveTagInOrder(
  objects: ObjectStore,
  tags: Tags,
  place: TagPlace,
  own: TagTicket,
): Promise<TagTicket> {
  const tickets = ticketsOf(objects, place);
  await tickets.overwrite(own.seq, Buffer.from(printTarget(own)));
  const highest = await currentTicket(objects, place);
  const moved = await follow(objects, tags, place, highest && highest.seq > own.seq ? highest : own);
  await tickets.deleteBelow(moved.seq);
  return moved;
}

/** Moves a tag to a ticket's digest, and again if a higher ticket has come by then. Returns the last ticket. */
async function follow(
  objects: ObjectStore,
  tags: Tags,
  place: TagPlace,
  ticket: TagTicket,
  signal?: AbortSignal,
): Promise<TagTicket> {
  await tags.move(place.repository, place.tag, ticket);
  const highest = await currentTicket(objects, place, signal);
  return highest && highest.seq > ticket.seq ? follow(objects, tags, place, highest, signal) : ticket;
}

/** The ticket that a tag has to follow; undefined if no promotion ever moved it. */
export async function currentTicket(
  objects: ObjectStore,
  place: TagPlace,
  signal?: AbortSignal,
): Promise<TagTicket | undefined> {
  const newest = await ticketsOf(objects, place).newest(signal);
  if (newest === undefined) return undefined;
  const target = parseTarget(newest.bytes.toString('utf8'));
  if (target === undefined)
    throw new Error(`ticket ${newest.number} of ${place.repository}:${place.tag} does not hold a digest`);
  return { seq: newest.number, ...target };
}

/**
 * Moves a tag back to its highest ticket when it names what an earlier promotion wrote late; `isSuperseded` decides
 * whether that is so. A tag that does not exist, or was moved by other means, is left alone. Returns the ticket that it
 * was moved to. Any number of processes may do this at any time: like a promotion, it looks again after each write.
 */
export async function settleTag(
  objects: ObjectStore,
  tags: Tags,
  place: TagPlace,
  isSuperseded: (named: TagTarget, by: TagTicket) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<TagTicket | undefined> {
  for (;;) {
    const highest = await currentTicket(objects, place, signal);
    const named = highest && (await tags.target(place.repository, place.tag, signal));
    if (highest === undefined || named === undefined || follows(named, highest)) return undefined;
    // The same bytes under another of their names: half of a late write.
    if (named.canonicalDigest !== highest.canonicalDigest && !(await isSuperseded(named, highest)))
      return undefined;
    // A newer promotion may have moved the tag, perhaps back to an older image, since the ticket was read.
    if ((await currentTicket(objects, place, signal))?.seq === highest.seq)
      return follow(objects, tags, place, highest, signal);
  }
}

/** Whether a tag names what its ticket says. */
export function follows(named: TagTarget, ticket: TagTicket): boolean {
  return named.canonicalDigest === ticket.canonicalDigest && named.digest === ticket.digest;
}

function ticketsOf(objects: ObjectStore, { repository, tag }: TagPlace): Numbered {
  const keyOf = (seq: number) => tagTurnKey(repository, tag, seq);
  return new Numbered(objects, { prefix: tagTurnsPrefix(repository, tag), keyOf, maxBytes: 1024 });
}

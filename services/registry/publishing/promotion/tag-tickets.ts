import type { Content } from '../../content/content.ts';
import { parseTarget, printTarget, type TagTarget } from '../../content/tag-names.ts';
import { tagChange } from '../../content/turns/change.ts';
import type { Sha256Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/errors.ts';
import type { RepositoryName, Tag } from '../../oci/names.ts';
import type { Fence } from '../../storage/fence.ts';
import { tagTicketKey, tagTicketsPrefix } from '../../storage/layout.ts';
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

/** A tag that moves together with another one. */
export interface CompanionTag {
  readonly tag: Tag;
  readonly digest: Sha256Digest;
  /** What it named when the promotion was planned. */
  readonly previousDigest?: Sha256Digest | undefined;
}

/**
 * Moves a tag, in a turn of its repository, so that of promotions that race, in any number of processes, the last one in
 * the log wins, and one that waited for mirrors does not undo a later one. Returns the ticket that the tag follows now:
 * a later promotion's, if there is one. Tags by which something is attached move with it, and before it. Throws
 * ATTACHING_REFUSED, and moves nothing, if one of these was moved since the promotion was planned.
 */
export async function moveTagInOrder(
  { objects, tags }: Pick<Content, 'objects' | 'tags'>,
  { repository, tag }: TagPlace,
  own: TagTicket,
  fence: Fence,
  attached: readonly CompanionTag[] = [],
): Promise<TagTicket> {
  const place = { repository, tag };
  const highest = await currentTicket(objects, place);
  if (highest && highest.seq > own.seq) return highest;
  await expectUnmoved(tags, repository, attached);
  const tickets = ticketsOf(objects, place);
  // Its number belongs to this promotion, so a late write of it harms nobody.
  await tickets.overwrite(own.seq, Buffer.from(printTarget(own)));
  // A client that finds the image finds its signatures.
  for (const { tag: attachedTag, digest } of attached)
    await tags.move(repository, attachedTag, { canonicalDigest: digest, digest }, fence);
  await tags.move(repository, tag, own, fence);
  await tickets.deleteBelow(own.seq);
  return own;
}

/** Throws ATTACHING_REFUSED if a tag by which something is attached was moved since the promotion was planned. */
async function expectUnmoved(
  tags: Content['tags'],
  repository: RepositoryName,
  attached: readonly CompanionTag[],
): Promise<void> {
  for (const { tag, digest, previousDigest } of attached) {
    const named = await tags.resolve(repository, tag);
    if (named === undefined || named === digest || named === previousDigest) continue;
    throw new RegistryError(
      'ATTACHING_REFUSED',
      `${tag} of ${repository} was moved since this promotion was planned; no tag was moved: promote again`,
      { replaced: [tag] },
    );
  }
}

/**
 * A look outside a turn: throws what {@link moveTagInOrder} would end with instead of moving the tag, so that a promotion
 * that will not move it is not recorded as if it had. What happens after this look is found in the turn.
 */
export async function expectMovable(
  { objects, tags }: Pick<Content, 'objects' | 'tags'>,
  place: TagPlace,
  own: TagTicket,
  attached: readonly CompanionTag[],
): Promise<void> {
  const highest = await currentTicket(objects, place);
  if (highest && highest.seq > own.seq && highest.digest !== own.digest) throw superseded(place, highest);
  await expectUnmoved(tags, place.repository, attached);
}

/** A newer promotion has the tag. */
export function superseded({ repository, tag }: TagPlace, { seq }: TagTicket): RegistryError {
  return new RegistryError(
    'SUPERSEDED',
    `a newer promotion (publication ${seq}) owns ${repository}:${tag}; this one was published but did not move the tag`,
    { seq },
  );
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
 * Moves a tag back to its highest ticket when it names what an earlier promotion wrote late, or when the promotion of that
 * ticket died before it moved the tag; `isSuperseded` decides whether that is so. A tag that does not exist, or was moved
 * by other means, is left alone. Returns the ticket that it was moved to. Any number of processes may do this at any time.
 */
export async function settleTag(
  { objects, tags, turns }: Pick<Content, 'objects' | 'tags' | 'turns'>,
  place: TagPlace,
  isSuperseded: (named: TagTarget, by: TagTicket) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<TagTicket | undefined> {
  const { repository, tag } = place;
  /** The ticket that the tag has to be moved to. */
  const due = async () => {
    const highest = await currentTicket(objects, place, signal);
    const named = highest && (await tags.target(repository, tag, signal));
    if (highest === undefined || named === undefined || follows(named, highest)) return undefined;
    // The same bytes under another of their names: half of a late write.
    const isHalf = named.canonicalDigest === highest.canonicalDigest;
    return isHalf || (await isSuperseded(named, highest)) ? highest : undefined;
  };
  const expected = await due();
  if (expected === undefined) return undefined;
  const changes = [tagChange(tag, expected.canonicalDigest)];
  return turns.take(repository, changes, async ({ fence }) => {
    // Most tags are as they should be, so that only this look is in a turn.
    const ticket = await due();
    if (ticket?.canonicalDigest !== expected.canonicalDigest) return undefined;
    await tags.move(repository, tag, ticket, fence);
    return ticket;
  });
}

/** Whether a tag names what its ticket says. */
export function follows(named: TagTarget, ticket: TagTicket): boolean {
  return named.canonicalDigest === ticket.canonicalDigest && named.digest === ticket.digest;
}

function ticketsOf(objects: ObjectStore, { repository, tag }: TagPlace): Numbered {
  const keyOf = (seq: number) => tagTicketKey(repository, tag, seq);
  return new Numbered(objects, { prefix: tagTicketsPrefix(repository, tag), keyOf, maxBytes: 1024 });
}

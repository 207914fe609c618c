import { ANNOUNCEMENT_MIN_MS, listNames, readList } from '../../content/quarantine/guard.ts';
import {
  ANNOUNCED_PREFIX,
  announcedKey,
  DELETING_PREFIX,
  freshName,
  listKey,
  RESCUED_PREFIX,
  rangeOf,
} from '../../content/quarantine/keys.ts';
import type { Sha256Digest } from '../../oci/digest.ts';
import { deleteAll } from '../../storage/delete-all.ts';
import { DigestList } from '../../storage/digest-list.ts';
import type { Cycle } from './context.ts';

/** What one list holds at most: each push that concerns a list reads all of it. */
const LIST_DIGESTS_MAX = 10_000;
/** At most this many are in quarantine at a time; the rest waits. */
const LISTS_MAX = 300;
/** What one cycle deletes at most; the next one begins at once when more is due. */
const DUE_DIGESTS_MAX = 100_000;
const READ_MAX_BYTES = 100;

/** What is in quarantine. */
export interface ListState {
  readonly name: string;
  readonly digests: DigestList;
  /** Since when every node can see it, by the collector's clock; undefined when that has not been recorded. */
  readonly announcedAt: number | undefined;
}

/** Reads all lists. */
export async function readLists({ objects, signal, now }: Cycle): Promise<ListState[]> {
  const lists: ListState[] = [];
  for await (const name of listNames(objects, signal)) {
    const digests = await readList(objects, name, signal);
    const announced = await objects.read(announcedKey(name), READ_MAX_BYTES, signal);
    const at = announced ? Number(announced.toString('ascii')) : Number.NaN;
    // A later time is of a wall clock that was ahead: its quarantine begins again.
    const isCredible = Number.isSafeInteger(at) && at <= now();
    if (digests) lists.push({ name, digests, announcedAt: isCredible ? at : undefined });
  }
  return lists;
}

/** The lists whose quarantine is over for a scan that begins now, as many as one cycle deletes. */
export function dueLists(lists: readonly ListState[], { settings, now }: Cycle): ListState[] {
  const waitMs = Math.max(settings.quarantineMs, ANNOUNCEMENT_MIN_MS);
  let digests = 0;
  return lists.filter((list) => {
    if (list.announcedAt === undefined || list.announcedAt + waitMs > now()) return false;
    digests += list.digests.size;
    return digests <= DUE_DIGESTS_MAX || digests === list.digests.size;
  });
}

/** How many more digests the lists may hold. */
export function roomFor(lists: readonly ListState[]): number {
  return Math.max(0, LISTS_MAX - lists.length) * LIST_DIGESTS_MAX;
}

/** Puts digests into quarantine. */
export async function announce(context: Cycle, digests: Iterable<Sha256Digest>): Promise<void> {
  const { objects, now, mayChange, fence } = context;
  const sorted = [...DigestList.of(digests)];
  for (let at = 0; at < sorted.length; at += LIST_DIGESTS_MAX) {
    const some = sorted.slice(at, at + LIST_DIGESTS_MAX);
    const [first, last] = [some[0], some.at(-1)];
    if (first === undefined || last === undefined) return;
    const name = `${freshName(now())}-${rangeOf(first, last)}`;
    await mayChange();
    await objects.put(listKey(name), DigestList.of(some).bytes, { fence });
    await recordAnnounced(context, name);
  }
}

/** Starts the quarantine now of lists whose worker recorded no start, or one that is still to come. */
export async function announceForgotten(context: Cycle, lists: readonly ListState[]): Promise<void> {
  for (const { name, announcedAt } of lists)
    if (announcedAt === undefined) await recordAnnounced(context, name);
}

/** After the list itself was written: a client that looked before has had the quarantine's time to write. */
async function recordAnnounced({ objects, now, fence }: Cycle, name: string): Promise<void> {
  await objects.put(announcedKey(name), Buffer.from(String(now())), { fence });
}

/**
 * Deletes what belongs to lists that have gone, and flags of deletions that were broken off. Only when no request of
 * an earlier cycle can be under way any more, whichever worker's it was.
 */
export async function sweepFlags(
  { objects, reader, mayChange, fence }: Cycle,
  lists: readonly ListState[],
): Promise<void> {
  const names = new Set(lists.map(({ name }) => name));
  const useless = await Array.fromAsync(reader.keys(DELETING_PREFIX));
  for (const prefix of [ANNOUNCED_PREFIX, RESCUED_PREFIX])
    for await (const key of reader.keys(prefix)) {
      const [list = ''] = key.slice(prefix.length).split('/');
      if (!names.has(list)) useless.push(key);
    }
  await deleteAll(objects, useless, { mayChange, fence });
}

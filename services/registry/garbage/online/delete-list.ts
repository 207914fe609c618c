import { announcedKey, deletingKey, listKey, rangeOf, rescuedPrefix } from '../../content/quarantine/keys.ts';
import { isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { batchesOf, deleteAll } from '../../storage/delete-all.ts';
import type { DigestList } from '../../storage/digest-list.ts';
import { blobDataKey } from '../../storage/layout.ts';
import { deletionRank, LAYER_RANK } from '../deletion-order.ts';
import type { ReachableSet } from '../reachable-set.ts';
import type { Cycle, ToDelete } from './context.ts';

/** A list whose quarantine is over, and the keys of all records about what it holds. */
export interface DueList {
  readonly name: string;
  readonly digests: DigestList;
  readonly records: ReadonlyMap<Sha256Digest, readonly string[]>;
}

/**
 * Deletes what of the lists the scan has not found in use and nobody has rescued, and then the lists. First, of all
 * lists, what says that a repository has a manifest, then the bytes with the links to blobs: so wherever this ends
 * no link dangles, and doing it again finishes it.
 */
export async function deleteLists(
  cycle: Cycle,
  lists: readonly DueList[],
  reachable: ReachableSet,
): Promise<void> {
  if (lists.length === 0) return;
  const isDue = (digest: Sha256Digest) => lists.some(({ digests }) => digests.has(digest));
  await reachable.spareWhatStays(isDue);
  const toDelete = toDeleteOf(lists, reachable);
  if (!cycle.dryRun && toDelete.blobs > 0) await cycle.onToDelete?.(toDelete);
  if (!cycle.dryRun) for (const list of lists) await deleteRecords(cycle, list, reachable);
  for (const list of lists) await deleteList(cycle, list, reachable);
}

function toDeleteOf(lists: readonly DueList[], reachable: ReachableSet): ToDelete {
  function* digests(): Generator<Sha256Digest> {
    for (const list of lists) for (const digest of list.digests) if (reachable.mayGo(digest)) yield digest;
  }
  let blobs = 0;
  for (const _ of digests()) blobs++;
  return { lists: lists.map(({ name }) => name), blobs, digests: digests() };
}

/** Deletes what says that a repository has the manifests of a list. */
async function deleteRecords(cycle: Cycle, list: DueList, reachable: ReachableSet): Promise<void> {
  const manifestRecords = (digest: Sha256Digest) =>
    (list.records.get(digest) ?? [])
      .filter((key) => deletionRank(key) < LAYER_RANK)
      .sort((one, other) => deletionRank(one) - deletionRank(other));
  const withRecords = [...list.digests].filter(
    (digest) => reachable.mayGo(digest) && manifestRecords(digest).length > 0,
  );
  for await (const batch of batchesOf(withRecords))
    await deleteRange(cycle, list.name, reachable, batch, async (toDelete) => {
      const keys = toDelete.flatMap(manifestRecords);
      await deleteAll(cycle.objects, keys, { mayChange: cycle.mayChange });
      cycle.counts.linksDeleted += keys.length;
    });
}

async function deleteList(cycle: Cycle, list: DueList, reachable: ReachableSet): Promise<void> {
  const { objects, reader, counts, dryRun, mayChange } = cycle;
  const toDelete = [...list.digests].filter((digest) => reachable.mayGo(digest));
  if (dryRun) {
    counts.deleted += toDelete.length;
    counts.released += list.digests.size - toDelete.length;
    return;
  }
  const layerLinks = (digest: Sha256Digest) =>
    (list.records.get(digest) ?? []).filter((key) => deletionRank(key) === LAYER_RANK);
  let deleted = 0;
  for await (const batch of batchesOf(toDelete))
    await deleteRange(cycle, list.name, reachable, batch, async (digests) => {
      const links = digests.flatMap(layerLinks);
      await deleteAll(objects, links, { mayChange });
      await deleteAll(objects, digests.map(blobDataKey), { mayChange });
      counts.linksDeleted += links.length;
      deleted += digests.length;
      counts.deleted += digests.length;
    });
  counts.released += list.digests.size - deleted;
  await mayChange();
  // In this order: a flag of a list that has gone is deleted by the next cycle, a list without its flags is not.
  await objects.delete([listKey(list.name)]);
  const flags: string[] = [announcedKey(list.name)];
  for await (const key of reader.keys(rescuedPrefix(list.name))) flags.push(key);
  await deleteAll(objects, flags);
}

/**
 * The collector's side of the protocol: announces that a range of a list is being deleted, looks for rescues, has what
 * nobody has rescued deleted, and withdraws the announcement. Should it end before that, the flag stays: the worker that
 * takes over removes it when no request of this one can be under way any more.
 */
async function deleteRange(
  { objects, reader, signal, settle, mayChange }: Cycle,
  list: string,
  reachable: ReachableSet,
  batch: readonly Sha256Digest[],
  act: (toDelete: readonly Sha256Digest[]) => Promise<void>,
): Promise<void> {
  const [first, last] = [batch[0], batch.at(-1)];
  if (first === undefined || last === undefined) return;
  const flag = deletingKey(list, rangeOf(first, last));
  await mayChange();
  await objects.put(flag, Buffer.alloc(0));
  await settle();
  // Without the list nobody would rescue anything: then it is not ours any more.
  if ((await objects.stat(listKey(list), signal)) === undefined)
    throw new Error(`the list ${list} has gone: another worker has dealt with it`);
  const rescued: Sha256Digest[] = [];
  for await (const key of reader.keys(rescuedPrefix(list))) {
    const digest = `sha256:${key.slice(rescuedPrefix(list).length)}`;
    if (isSha256(digest)) rescued.push(digest);
  }
  await reachable.add(rescued);
  const toDelete = batch.filter((digest) => reachable.mayGo(digest));
  if (toDelete.length > 0) await act(toDelete);
  await mayChange();
  await objects.delete([flag]);
}

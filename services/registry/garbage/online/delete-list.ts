import { announcedKey, deletingKey, listKey, rangeOf, rescuedPrefix } from '../../content/quarantine/keys.ts';
import { isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { batchesOf, deleteAll } from '../../storage/delete-all.ts';
import { blobDataKey } from '../../storage/layout.ts';
import { inDeletionOrder } from '../deletion-order.ts';
import type { ReachableSet } from '../reachable-set.ts';
import type { ScanFindings } from '../scan.ts';
import type { Cycle, ToDelete } from './context.ts';
import type { ListState } from './quarantine-lists.ts';

/** What a cycle deletes by: what is in use, and the records of what is due. */
interface Deletion extends Cycle, Pick<ScanFindings, 'records'> {
  readonly reachable: ReachableSet;
}

/**
 * Deletes what of the lists the scan has not found in use and nobody has rescued, and then the lists. First, of all
 * lists, what says that a repository has a manifest, then the bytes with the links to blobs: so wherever this ends
 * no link dangles, and doing it again finishes it. A dry run only counts.
 */
export async function deleteLists(
  cycle: Cycle,
  lists: readonly ListState[],
  { records }: ScanFindings,
  reachable: ReachableSet,
): Promise<void> {
  if (lists.length === 0) return;
  const { counts, dryRun, onToDelete } = cycle;
  await reachable.spareWhatStays((digest) => lists.some(({ digests }) => digests.has(digest)));
  const toDelete = toDeleteOf(lists, reachable);
  if (dryRun) {
    counts.deleted += toDelete.blobs;
    counts.released += lists.reduce((sum, { digests }) => sum + digests.size, 0) - toDelete.blobs;
    return;
  }
  if (toDelete.blobs > 0) await onToDelete?.(toDelete);
  const deletion = { ...cycle, records, reachable };
  for (const list of lists) await deleteRecords(deletion, list);
  for (const list of lists) await deleteList(deletion, list);
}

function toDeleteOf(lists: readonly ListState[], reachable: ReachableSet): ToDelete {
  function* digests(): Generator<Sha256Digest> {
    for (const list of lists) for (const digest of list.digests) if (reachable.mayGo(digest)) yield digest;
  }
  let blobs = 0;
  for (const _ of digests()) blobs++;
  return { lists: lists.map(({ name }) => name), blobs, digests: digests() };
}

/** Deletes what says that a repository has the manifests of a list. */
async function deleteRecords(deletion: Deletion, list: ListState): Promise<void> {
  const { objects, records, reachable, counts, mayChange, fence } = deletion;
  const ofManifests = (digests: readonly Sha256Digest[]) =>
    inDeletionOrder(digests.flatMap((digest) => records.get(digest) ?? [])).ofManifests;
  const withRecords = [...list.digests].filter(
    (digest) => reachable.mayGo(digest) && ofManifests([digest]).some((keys) => keys.length > 0),
  );
  await deleteInRanges(deletion, list.name, withRecords, async (toDelete) => {
    // A backend deletes the keys of one call in any order, so no call holds two ranks.
    for (const keys of ofManifests(toDelete))
      counts.linksDeleted += await deleteAll(objects, keys, { mayChange, fence });
  });
}

async function deleteList(deletion: Deletion, { name, digests }: ListState): Promise<void> {
  const { objects, reader, records, reachable, counts, mayChange, fence } = deletion;
  const mayGo = [...digests].filter((digest) => reachable.mayGo(digest));
  let deleted = 0;
  await deleteInRanges(deletion, name, mayGo, async (toDelete) => {
    const links = toDelete.flatMap((digest) => inDeletionOrder(records.get(digest) ?? []).layerLinks);
    await deleteAll(objects, links, { mayChange, fence });
    await deleteAll(objects, toDelete.map(blobDataKey), { mayChange, fence });
    counts.linksDeleted += links.length;
    counts.deleted += toDelete.length;
    deleted += toDelete.length;
  });
  counts.released += digests.size - deleted;
  await mayChange();
  // In this order: a flag of a list that has gone is deleted by the next cycle, a list without its flags is not.
  await objects.delete([listKey(name)], undefined, { fence });
  const rescues = await Array.fromAsync(reader.keys(rescuedPrefix(name)));
  await deleteAll(objects, [announcedKey(name), ...rescues], { mayChange, fence });
}

/**
 * The collector's side of the protocol, range by range: announces that a range of a list is being deleted, looks for
 * rescues, has what nobody has rescued deleted, and withdraws the announcement. Should it end before that, or a delete
 * have no certain answer, the flag stays: the next cycle removes it when no request of this one can be under way any more.
 */
async function deleteInRanges(
  { objects, reader, signal, settle, mayChange, fence, reachable }: Deletion,
  list: string,
  digests: readonly Sha256Digest[],
  act: (toDelete: readonly Sha256Digest[]) => Promise<void>,
): Promise<void> {
  const prefix = rescuedPrefix(list);
  for await (const batch of batchesOf(digests)) {
    const [first, last] = [batch[0], batch.at(-1)];
    if (first === undefined || last === undefined) return;
    const flag = deletingKey(list, rangeOf(first, last));
    await mayChange();
    await objects.put(flag, Buffer.alloc(0), { fence });
    await settle();
    // Without the list nobody would rescue anything: then it is not ours any more.
    if ((await objects.stat(listKey(list), signal)) === undefined)
      throw new Error(`the list ${list} has gone: another worker has dealt with it`);
    const rescues = await Array.fromAsync(reader.keys(prefix), (key) => `sha256:${key.slice(prefix.length)}`);
    await reachable.add(rescues.filter(isSha256));
    const toDelete = batch.filter((digest) => reachable.mayGo(digest));
    if (toDelete.length > 0) await act(toDelete);
    await mayChange();
    await objects.delete([flag], undefined, { fence });
  }
}

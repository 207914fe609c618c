import { announcedKey, deletingKey, listKey, rangeOf, rescuedPrefix } from '../../content/quarantine/keys.ts';
import { isSha256, type Sha256Digest } from '../../oci/digest.ts';
import type { DigestList } from '../../storage/digest-list.ts';
import { blobDataKey } from '../../storage/layout.ts';
import { listAll } from '../../storage/object-store.ts';
import type { CycleContext, Doomed } from './context.ts';
import type { Marked } from './marked.ts';

/** What one request deletes at most: S3's limit. */
const DELETE_MAX = 1000;

/** A list whose quarantine is over, and the keys of all that says anything of what it holds. */
export interface DueList {
  readonly name: string;
  readonly digests: DigestList;
  readonly records: ReadonlyMap<Sha256Digest, readonly string[]>;
}

/**
 * Deletes what of the lists neither the scan has found in use nor anybody has rescued, and then the lists. First, of all
 * lists, what says that a repository has a manifest, then the bytes with the links to blobs: so wherever this ends
 * nothing leads nowhere, and doing it again finishes it.
 */
export async function deleteLists(
  context: CycleContext,
  lists: readonly DueList[],
  marked: Marked,
): Promise<void> {
  if (lists.length === 0) return;
  const isDue = (digest: Sha256Digest) => lists.some(({ digests }) => digests.has(digest));
  await marked.spareWhatStays(isDue);
  const doomed = doomedOf(lists, marked);
  if (!context.dryRun && doomed.blobs > 0) await context.onDoomed?.(doomed);
  if (!context.dryRun) for (const list of lists) await deleteRecords(context, list, marked);
  for (const list of lists) await deleteList(context, list, marked);
}

function doomedOf(lists: readonly DueList[], marked: Marked): Doomed {
  function* digests(): Generator<Sha256Digest> {
    for (const list of lists) for (const digest of list.digests) if (marked.mayGo(digest)) yield digest;
  }
  let blobs = 0;
  for (const _ of digests()) blobs++;
  return { lists: lists.map(({ name }) => name), blobs, digests: digests() };
}

/** Deletes what says that a repository has the manifests of a list. */
async function deleteRecords(context: CycleContext, list: DueList, marked: Marked): Promise<void> {
  const manifestRecords = (digest: Sha256Digest) =>
    (list.records.get(digest) ?? []).filter((key) => !isLayerLink(key)).sort(lastRevisionsFirstName);
  const withRecords = [...list.digests].filter(
    (digest) => marked.mayGo(digest) && manifestRecords(digest).length > 0,
  );
  const deleting = new Deletion(context, list.name, marked);
  for (const batch of batches(withRecords))
    await deleting.run(batch, async (doomed) => {
      await deleting.delete(doomed.flatMap(manifestRecords));
      context.counts.linksDeleted += doomed.reduce((sum, digest) => sum + manifestRecords(digest).length, 0);
    });
}

async function deleteList(context: CycleContext, list: DueList, marked: Marked): Promise<void> {
  const { objects, counts, dryRun } = context;
  const doomed = [...list.digests].filter((digest) => marked.mayGo(digest));
  if (dryRun) {
    counts.deleted += doomed.length;
    counts.released += list.digests.size - doomed.length;
    return;
  }
  const layerLinks = (digest: Sha256Digest) => (list.records.get(digest) ?? []).filter(isLayerLink);
  const deleting = new Deletion(context, list.name, marked);
  let deleted = 0;
  for (const batch of batches(doomed))
    await deleting.run(batch, async (goes) => {
      const links = goes.flatMap(layerLinks);
      await deleting.delete(links);
      await deleting.delete(goes.map(blobDataKey));
      counts.linksDeleted += links.length;
      deleted += goes.length;
      counts.deleted += goes.length;
    });
  counts.released += list.digests.size - deleted;
  await context.mayChange();
  // In this order: a flag of a list that has gone is swept by the next cycle, a list without its flags is not.
  await objects.delete([listKey(list.name)]);
  const flags: string[] = [announcedKey(list.name)];
  for await (const { key } of listAll(objects, { prefix: rescuedPrefix(list.name) })) flags.push(key);
  for (const batch of batches(flags)) await objects.delete(batch);
}

/** The collector's side of the protocol. */
class Deletion {
  readonly #context: CycleContext;
  readonly #list: string;
  readonly #marked: Marked;

  constructor(context: CycleContext, list: string, marked: Marked) {
    this.#context = context;
    this.#list = list;
    this.#marked = marked;
  }

  /**
   * Says that a range of the list is being deleted, looks whom that concerns, deletes what nobody has rescued, and says
   * that it is done. Should it end before that, the flag stays: whoever takes over removes it when no request of this
   * worker can be under way any more.
   */
  async run(
    batch: readonly Sha256Digest[],
    act: (doomed: readonly Sha256Digest[]) => Promise<void>,
  ): Promise<void> {
    const [first, last] = [batch[0], batch.at(-1)];
    if (first === undefined || last === undefined) return;
    const { objects, settle } = this.#context;
    const flag = deletingKey(this.#list, rangeOf(first, last));
    await this.#context.mayChange();
    await objects.put(flag, Buffer.alloc(0));
    await settle();
    await this.#confirmList();
    await this.#marked.add(await this.#rescued());
    const doomed = batch.filter((digest) => this.#marked.mayGo(digest));
    if (doomed.length > 0) await act(doomed);
    await this.#context.mayChange();
    await objects.delete([flag]);
  }

  /** Deletes keys, each time only if this worker still may. */
  async delete(keys: readonly string[]): Promise<void> {
    for (const batch of batches(keys)) {
      await this.#context.mayChange();
      await this.#context.objects.delete(batch);
    }
  }

  /** Without the list nobody would rescue anything: then it is not ours any more. */
  async #confirmList(): Promise<void> {
    const stat = await this.#context.objects.stat(listKey(this.#list), this.#context.signal);
    if (stat === undefined)
      throw new Error(`the list ${this.#list} has gone: another worker has dealt with it`);
  }

  async #rescued(): Promise<Sha256Digest[]> {
    const prefix = rescuedPrefix(this.#list);
    const rescued: Sha256Digest[] = [];
    for await (const { key } of listAll(this.#context.objects, { prefix }, this.#context.signal)) {
      const digest = `sha256:${key.slice(prefix.length)}`;
      if (isSha256(digest)) rescued.push(digest);
    }
    return rescued;
  }
}

function* batches<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += DELETE_MAX) yield items.slice(at, at + DELETE_MAX);
}

function isLayerLink(key: string): boolean {
  return key.includes('/_layers/');
}

/** Histories and records of referrers, then the link that decides, then those under second names, keepers last. */
function lastRevisionsFirstName(one: string, other: string): number {
  return rankOf(one) - rankOf(other);
}

function rankOf(key: string): number {
  if (key.includes('/_manifests/tags/') || key.includes('/_roadstead/referrers/')) return 0;
  if (key.includes('/_manifests/revisions/sha256/')) return 1;
  return key.includes('/_roadstead/keepers/') ? 3 : 2;
}

import { type Digest, isSha256 } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import { mayBeOpen } from '../publishing/promotion/open.ts';
import {
  PUBLICATION_MAX_BYTES,
  type Publication,
  parsePublication,
} from '../publishing/publication/entry.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { PUBLICATIONS_PREFIX, PUBLISHED_PREFIX, publicationKey, tagIndexKey } from '../storage/layout.ts';
import type { CollectorReader } from './collector-reader.ts';

const READS_AT_ONCE = 16;
/** The next append completes the numbers of the entry before it; so only the newest can lack some. */
const ENTRIES_MIN = 2;

/**
 * Marks every blob that was ever published: mirrors have it or fetch it, and its number stays, also when no repository
 * refers to it any more. `entries` are those whose blobs may lack their numbers.
 */
export async function markPublished(
  reader: CollectorReader,
  entries: readonly Publication[],
  table: DigestTable,
): Promise<void> {
  for await (const key of reader.keys(PUBLISHED_PREFIX)) {
    const [, algorithm, , hex] = key.slice(PUBLISHED_PREFIX.length).split('/');
    const digest = `${algorithm}:${hex}`;
    if (isSha256(digest)) table.set(digest, 1);
  }
  for (const entry of entries) markEntry(entry, table);
}

/**
 * The last entries of the publication log, newest first: those whose numbers may lack, and with `deleteUntagged` those
 * whose promotions may be open. To be called after the scan: an entry is there before its tag moves, and stays.
 */
export async function newestEntries(
  reader: CollectorReader,
  deleteUntagged: boolean,
  nowMs: number,
): Promise<Publication[]> {
  let last = '';
  for await (const key of reader.keys(PUBLICATIONS_PREFIX)) last = key;
  let seq = Number(last.slice(PUBLICATIONS_PREFIX.length, -'.json'.length)) || 0;
  const entries: Publication[] = [];
  for (let atOnce = ENTRIES_MIN; seq > 0; atOnce = READS_AT_ONCE) {
    const seqs = Array.from({ length: Math.min(atOnce, seq) }, () => seq--);
    const read = await Promise.all(seqs.map((each) => readEntry(reader, publicationKey(each))));
    entries.push(...read.filter((entry) => entry !== undefined));
    const oldest = entries.at(-1);
    if (!deleteUntagged || (oldest && !mayBeOpen(oldest, nowMs))) break;
  }
  return entries;
}

/** What the whole publication log keeps. */
export interface Published {
  /** See {@link markPublished}. */
  readonly blobs: DigestTable;
  /** Manifests of promotions that may be waiting for mirrors, before their tags move. */
  readonly open: ReadonlySet<Digest>;
}

/** Reads the whole log, so that a lost number costs no blob. */
export async function readPublished(reader: CollectorReader, nowMs: number): Promise<Published> {
  const blobs = new DigestTable();
  const open = new Map<string, Set<Digest>>();
  for await (const key of reader.keys(PUBLICATIONS_PREFIX)) {
    const entry = key.endsWith('.json') ? await readEntry(reader, key) : undefined;
    if (entry) markEntry(entry, blobs);
    if (!entry || !mayBeOpen(entry, nowMs)) continue;
    const target = `${entry.target.repository}:${entry.target.tag}`;
    // Tags move in the order of the log: an earlier promotion has moved its tag, or never will. A collection that was
    // broken off may have deleted its entry in the history already.
    if (await wasTagged(reader, entry)) open.delete(target);
    else open.set(target, (open.get(target) ?? new Set<Digest>()).add(entry.manifestDigest));
  }
  await markPublished(reader, [], blobs);
  return { blobs, open: new Set([...open.values()].flatMap((digests) => [...digests])) };
}

/** Whether the tag has moved: its history says so, unless it was deleted since. */
async function wasTagged(reader: CollectorReader, { target, manifestDigest }: Publication): Promise<boolean> {
  const [repository, tag] = [target.repository as RepositoryName, target.tag as Tag];
  return (await reader.stat(tagIndexKey(repository, tag, manifestDigest))) !== undefined;
}

async function readEntry(reader: CollectorReader, key: string): Promise<Publication | undefined> {
  const bytes = await reader.small(key, PUBLICATION_MAX_BYTES);
  const entry = bytes && parsePublication(bytes);
  return entry ?? (bytes && reader.note(`${key}: is not an entry of the publication log`));
}

function markEntry({ collections }: Publication, table: DigestTable): void {
  for (const { digest } of Object.values(collections).flat()) table.set(digest, 1);
}

import { type Digest, isSha256 } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import { mayBeOpen } from '../publishing/promotion/open.ts';
import {
  PUBLICATION_MAX_BYTES,
  type Publication,
  parsePublication,
} from '../publishing/publication/entry.ts';
import { storedEntries } from '../publishing/publication/log.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { PUBLISHED_PREFIX, publicationKey, tagIndexKey } from '../storage/layout.ts';
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
  markEntries(entries, table);
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
  const entries: Publication[] = [];
  for await (const entry of entriesNewestFirst(reader)) {
    entries.push(entry);
    if (entries.length >= ENTRIES_MIN && !(deleteUntagged && mayBeOpen(entry, nowMs))) break;
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
  const open = new Set<Digest>();
  const moved = new Set<string>();
  for await (const entry of entriesNewestFirst(reader)) {
    markEntries([entry], blobs);
    const { repository, tag } = entry.target;
    const target = `${repository}:${tag}`;
    if (!mayBeOpen(entry, nowMs) || moved.has(target)) continue;
    const history = tagIndexKey(repository as RepositoryName, tag as Tag, entry.manifestDigest);
    // Tags move in the order of the log: promotions before this one have moved the tag, or never will. A collection that
    // was broken off may have deleted their entries in the history already.
    if (await reader.stat(history)) moved.add(target);
    else open.add(entry.manifestDigest);
  }
  await markPublished(reader, [], blobs);
  return { blobs, open };
}

/** Reads the newest ones first, and more at once when more are wanted. Notes what is not an entry. */
async function* entriesNewestFirst(reader: CollectorReader): AsyncGenerator<Publication> {
  let seq = 0;
  for await (const later of storedEntries(reader.objects).numbers(reader.signal)) seq = later;
  for (let atOnce = ENTRIES_MIN; seq > 0; atOnce = READS_AT_ONCE) {
    const keys = Array.from({ length: Math.min(atOnce, seq) }, () => publicationKey(seq--));
    const read = await Promise.all(keys.map((key) => reader.small(key, PUBLICATION_MAX_BYTES)));
    for (const [at, bytes] of read.entries()) {
      const entry = bytes && parsePublication(bytes);
      if (entry) yield entry;
      else if (bytes) reader.note(`${keys[at]}: is not an entry of the publication log`);
    }
  }
}

function markEntries(entries: readonly Publication[], table: DigestTable): void {
  for (const { collections } of entries)
    for (const { digest } of Object.values(collections).flat()) table.set(digest, 1);
}

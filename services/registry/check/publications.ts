import type { Sha256Digest } from '../oci/digest.ts';
import {
  PUBLICATION_MAX_BYTES,
  type Publication,
  parsePublication,
} from '../publishing/publication/entry.ts';
import { storedEntries } from '../publishing/publication/log.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { PUBLICATIONS_PREFIX, publicationKey } from '../storage/layout.ts';
import { type Scope, strayFinding } from './area.ts';
import type { CheckReader } from './check-reader.ts';
import { type Finding, finding, type Place } from './finding.ts';

/** What the log publishes: the number of the entry for each blob, a {@link DigestTable} for each collection. */
export class Published {
  readonly collections = new Map<string, DigestTable>();
  readonly #unknown: { readonly first: number; readonly last: number }[] = [];
  /** The newest entry that was found. */
  head = 0;

  add(entry: Publication): void {
    this.head = Math.max(this.head, entry.seq);
    for (const [collection, blobs] of Object.entries(entry.collections)) {
      const numbers = this.collections.get(collection) ?? new DigestTable();
      this.collections.set(collection, numbers);
      for (const { digest } of blobs) if (!numbers.has(digest)) numbers.set(digest, entry.seq);
    }
  }

  /** Records entries that are not there or cannot be read. */
  lost(first: number, last: number): void {
    this.#unknown.push({ first, last });
  }

  /** Whether it is unknown what the entry with this number published. */
  isLost(seq: number): boolean {
    return this.#unknown.some(({ first, last }) => first <= seq && seq <= last);
  }

  has(digest: Sha256Digest): boolean {
    return [...this.collections.values()].some((numbers) => numbers.has(digest));
  }
}

/** The publication log: all entries are there, can be read, and name blobs that are there. */
export async function* checkPublications(scope: Scope, published: Published): AsyncGenerator<Finding> {
  const { reader } = scope;
  const entries = storedEntries(reader.objects);
  let next = 1;
  for await (const key of reader.keys(PUBLICATIONS_PREFIX)) {
    const seq = entries.numberOf(key);
    if (seq === undefined) {
      yield strayFinding(key);
      continue;
    }
    if (seq > next) yield* await reader.twice(() => checkGap(scope, published, next, seq - 1));
    next = seq + 1;
    yield* await reader.twice(() => checkEntry(scope, published, { key, seq }));
  }
}

async function checkGap(
  { reader }: Scope,
  published: Published,
  first: number,
  last: number,
): Promise<Finding[]> {
  // The log has no gaps: an entry that is there now was being written.
  if (await reader.stat(publicationKey(first))) return [];
  published.lost(first, last);
  const which = first === last ? `Entry ${first} is` : `Entries ${first} to ${last} are`;
  const place = { key: publicationKey(first), seq: first };
  return [finding('publication-gap', place, `${which} missing from the publication log`)];
}

async function checkEntry(
  { reader, blobs }: Scope,
  published: Published,
  place: Place & { readonly seq: number },
): Promise<Finding[]> {
  const entry = await readEntry(reader, place.seq);
  if (entry === undefined) {
    published.lost(place.seq, place.seq);
    return [finding('publication-unreadable', place, `Entry ${place.seq} of the publication log is damaged`)];
  }
  published.add(entry);
  const findings: Finding[] = [];
  for (const { digest } of Object.values(entry.collections).flat())
    if ((await blobs.sizeBytes(digest)) === undefined)
      findings.push(
        finding(
          'published-without-data',
          { ...place, digest },
          `Entry ${place.seq} publishes a blob that is not there`,
        ),
      );
  return findings;
}

/** An entry; undefined when it is not there or cannot be read. */
export async function readEntry(reader: CheckReader, seq: number): Promise<Publication | undefined> {
  const bytes = await reader.read(publicationKey(seq), PUBLICATION_MAX_BYTES);
  const entry = bytes === undefined || bytes === 'too-large' ? undefined : parsePublication(bytes);
  return entry?.seq === seq ? entry : undefined;
}

import pMap from 'p-map';
import { type Digest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { isRepositoryName } from '../oci/names.ts';
import type { DigestList } from '../storage/digest-list.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { REPOSITORIES_PREFIX } from '../storage/layout.ts';
import { recordOf, repositoryOf } from '../storage/layout-read.ts';
import type { ListPage } from '../storage/object-store.ts';
import type { CollectorReader } from './collector-reader.ts';
import type { AliasReference } from './references.ts';

const PAGE = 1000;
const READS_AT_ONCE = 16;

/** A name by SHA-512, and where the bytes are stored. */
export type Alias = Pick<AliasReference, 'named' | 'stored'>;

/** What a scan of repositories, or a part of one, finds. */
interface Found {
  readonly linked: Iterable<Sha256Digest>;
  readonly tagged: Iterable<Digest>;
  readonly aliases: readonly Alias[];
  readonly records: Iterable<readonly [Sha256Digest, readonly string[]]>;
  readonly unreadable: Iterable<readonly [string, string]>;
}

/** What a scan of repositories finds. */
export class ScanFindings implements Found {
  /** Manifests that a repository has a link to. */
  readonly linked = new DigestTable();
  /** What tags name now; only with `deleteUntagged`. */
  readonly tagged = new Set<Digest>();
  /** Names by SHA-512 that the query did not know. */
  readonly aliases: Alias[] = [];
  /** The keys of the records about content that is due, by its digest. */
  readonly records = new Map<Sha256Digest, string[]>();
  recordsCount = 0;
  /** Repositories with a link that holds no usable digest, and which that is. */
  readonly unreadable = new Map<string, string>();

  /** Adds what a part of the scan has found. */
  add({ linked, tagged, aliases, records, unreadable }: Found): void {
    for (const digest of linked) this.linked.set(digest, 1);
    for (const digest of tagged) this.tagged.add(digest);
    this.aliases.push(...aliases);
    for (const [digest, keys] of records) this.addRecords(digest, keys);
    for (const [repository, what] of unreadable) this.unreadable.set(repository, what);
  }

  /** Adds the keys of records about a digest. */
  addRecords(digest: Sha256Digest, keys: readonly string[]): void {
    const known = this.records.get(digest);
    if (known) known.push(...keys);
    else this.records.set(digest, [...keys]);
    this.recordsCount += keys.length;
  }
}

/** What a scan looks for. */
export interface ScanQuery {
  /** Prefix of what is scanned: of all repositories unless given. */
  readonly prefix?: string;
  readonly deleteUntagged: boolean;
  /** Read each link, and name the ones that do not hold what their names say. */
  readonly verifiesLinks?: boolean;
  /** What is to be deleted unless this scan finds it in use. */
  readonly due: readonly { readonly digests: DigestList }[];
  /** SHA-256 digests of what is known by SHA-512; what is found is added. */
  readonly aliases: Map<Digest, Sha256Digest>;
}

/**
 * Lists everything below a prefix once, flat, in large pages: the cost is the number of keys divided by that of a page,
 * however many repositories there are. Adds each page to `findings()`, then yields the key to continue from. A link that
 * cannot be read is among the findings; what cannot be parsed at all is noted.
 */
export async function* scanPages(
  reader: CollectorReader,
  query: ScanQuery,
  findings: () => ScanFindings,
  startAfter?: string,
): AsyncGenerator<string> {
  const { prefix = REPOSITORIES_PREFIX } = query;
  let cursor = startAfter;
  do {
    const page: ListPage = await reader.objects.list(
      { prefix, limit: PAGE, ...(cursor !== undefined && { startAfter: cursor }) },
      reader.signal,
    );
    const contents = new PageReader(reader, query, findings());
    for (const key of page.keys) contents.take(key);
    await contents.readLinks();
    cursor = page.next;
    if (cursor !== undefined) yield cursor;
  } while (cursor !== undefined);
}

class PageReader {
  readonly #reader: CollectorReader;
  readonly #query: ScanQuery;
  readonly #findings: ScanFindings;
  /** Only the objects themselves say what a tag names, and what a name by SHA-512 means. */
  readonly #toRead: { readonly key: string; readonly take: (digest: Digest) => void }[] = [];

  constructor(reader: CollectorReader, query: ScanQuery, findings: ScanFindings) {
    this.#reader = reader;
    this.#query = query;
    this.#findings = findings;
  }

  take(key: string): void {
    const record = recordOf(key);
    if (record?.kind === 'unknown-digest')
      this.#reader.note(`${key}: is named by a digest that this registry does not know`);
    else if (record?.kind === 'tag') this.#tag(key);
    else if (record?.kind === 'layer') this.#link(key, record.named);
    else if (record?.kind === 'revision') {
      if (isSha256(record.named)) this.#revision(key, record.named);
      this.#link(key, record.named);
    } else if (record) this.#record(key, record.named);
  }

  /** Reads the links of the page that have to be read. */
  async readLinks(): Promise<void> {
    await pMap(
      this.#toRead,
      async ({ key, take }) => {
        const digest = await this.#reader.link(key);
        if (digest === 'malformed') this.#unreadable(key, 'holds no digest');
        else if (digest) take(digest);
      },
      { concurrency: READS_AT_ONCE },
    );
  }

  #tag(key: string): void {
    const { tagged } = this.#findings;
    if (this.#query.deleteUntagged) this.#toRead.push({ key, take: (digest) => tagged.add(digest) });
  }

  #revision(key: string, named: Sha256Digest): void {
    const { linked } = this.#findings;
    if (!this.#query.verifiesLinks) linked.set(named, 1);
    else
      this.#toRead.push({
        key,
        take: (stored) => {
          if (stored === named) linked.set(named, 1);
          else this.#unreadable(key, `leads to ${stored}`);
        },
      });
  }

  /** A link to a blob or manifest, perhaps under its second name. */
  #link(key: string, named: Digest): void {
    const { aliases } = this.#query;
    if (isSha256(named) || aliases.has(named)) {
      this.#record(key, named);
      return;
    }
    this.#toRead.push({
      key,
      take: (stored) => {
        // Where Distribution mounts such content, the link holds the name, and leads nowhere.
        if (!isSha256(stored)) {
          if (this.#query.verifiesLinks) this.#unreadable(key, 'holds no sha256 digest');
          return;
        }
        // Of links that disagree, one counts, here and in what is stored of this scan.
        if (!aliases.has(named)) {
          this.#findings.aliases.push({ named, stored });
          aliases.set(named, stored);
        }
        this.#record(key, stored);
      },
    });
  }

  /** Of the repository, everything is kept. One that no client can name is for the operator to see to first. */
  #unreadable(key: string, why: string): void {
    const repository = repositoryOf(key);
    if (isRepositoryName(repository)) this.#findings.unreadable.set(repository, `${key}: ${why}`);
    else this.#reader.note(`${key}: ${why}`);
  }

  #record(key: string, named: Digest): void {
    const stored = isSha256(named) ? named : this.#query.aliases.get(named);
    if (stored === undefined || !this.#query.due.some(({ digests }) => digests.has(stored))) return;
    this.#findings.addRecords(stored, [key]);
  }
}

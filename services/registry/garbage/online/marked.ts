import pMap from 'p-map';
import { type Digest, digestOf, isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { MANIFEST_MAX_BYTES } from '../../oci/manifest.ts';
import { readStoredManifest } from '../../oci/stored-manifest.ts';
import { mayBeOpen } from '../../publishing/promotion/open.ts';
import {
  PUBLICATION_MAX_BYTES,
  type Publication,
  PublicationSchema,
} from '../../publishing/publication/entry.ts';
import { DigestTable } from '../../storage/digest-table.ts';
import { blobDataKey, PUBLICATIONS_PREFIX, PUBLISHED_PREFIX, publicationKey } from '../../storage/layout.ts';
import { listAll } from '../../storage/object-store.ts';
import { UnreadableError } from '../reader.ts';
import type { CycleContext } from './context.ts';
import type { FactStore } from './fact-store.ts';
import { factOf, type ManifestFact } from './facts.ts';
import type { ScanFindings } from './scan.ts';

const READS_AT_ONCE = 16;
const NAMED_MAX = 100;
/** Whoever appends to the log first completes the numbers of the entry before; so only the newest can lack some. */
const ENTRIES_READ = 2;

/** The ways from one manifest to others, where there are any. */
interface Edges {
  readonly children: Map<Sha256Digest, readonly Digest[]>;
  /** By subject. */
  readonly referrers: Map<Sha256Digest, Sha256Digest[]>;
}

/**
 * What is in use. Every manifest that a repository has a link to counts, with what it refers to; with `deleteUntagged`,
 * those that a tag in any repository leads to, or will when a promotion has waited for its mirrors, from there on the
 * manifests of an index and whatever has one of these as its subject, to any depth. And every blob that was ever published.
 */
export class Marked {
  readonly inUse = new DigestTable();
  /**
   * What manifests name that are out of use, but do not go in this cycle. It stays: a repository that has a manifest has
   * all that this names, so whoever pushes an index of it has to look for the manifest alone.
   */
  readonly #spared = new DigestTable();
  readonly #context: CycleContext;
  readonly #facts: FactStore;
  readonly #findings: ScanFindings;
  readonly #aliases: ReadonlyMap<Digest, Sha256Digest>;
  readonly #edges: Edges = { children: new Map(), referrers: new Map() };
  readonly #reached = new DigestTable();

  private constructor(
    context: CycleContext,
    facts: FactStore,
    findings: ScanFindings,
    aliases: ReadonlyMap<Digest, Sha256Digest>,
  ) {
    this.#context = context;
    this.#facts = facts;
    this.#findings = findings;
    this.#aliases = aliases;
  }

  /** Marks; reads what no fact tells of. Throws {@link UnreadableError} where that cannot be read. */
  static async of(
    context: CycleContext,
    facts: FactStore,
    findings: ScanFindings,
    aliases: ReadonlyMap<Digest, Sha256Digest>,
  ): Promise<Marked> {
    const marked = new Marked(context, facts, findings, aliases);
    const newest = await marked.#readNewestEntries();
    await marked.#markManifests(newest);
    await marked.#markPublished(newest);
    return marked;
  }

  /** Whether content may be deleted now. */
  mayGo(digest: Sha256Digest): boolean {
    return !this.inUse.has(digest) && !this.#spared.has(digest);
  }

  /** Spares what is named by manifests that do not go now. Without `deleteUntagged` all of that is in use. */
  async spareWhatStays(goes: (digest: Sha256Digest) => boolean): Promise<void> {
    if (!this.#context.settings.deleteUntagged) return;
    const { linked } = this.#findings;
    const stays = new DigestTable();
    const next: Sha256Digest[] = [];
    for (const [digest] of linked.entries()) if (this.inUse.has(digest) || !goes(digest)) next.push(digest);
    for (let digest = next.pop(); digest !== undefined; digest = next.pop()) {
      if (stays.has(digest) || !linked.has(digest)) continue;
      stays.set(digest, 1);
      for (const child of this.#edges.children.get(digest) ?? []) {
        const stored = this.#stored(child);
        if (stored) next.push(stored);
      }
    }
    for await (const fact of this.#facts.read())
      if (fact.kind === 'manifest' && stays.has(fact.digest)) this.#mark(fact, this.#spared);
  }

  /**
   * Marks what is reached from these as well. Without `deleteUntagged` it is known of all manifests already: a manifest
   * that is not in use has no link, and so leads nowhere.
   */
  async add(digests: Iterable<Sha256Digest>): Promise<void> {
    for (const digest of digests) this.inUse.set(digest, 1);
    if (this.#context.settings.deleteUntagged && this.#reach(digests)) await this.#markReached();
  }

  async #markManifests(newest: readonly Publication[]): Promise<void> {
    const { linked, tagged } = this.#findings;
    const { deleteUntagged } = this.#context.settings;
    const known = new DigestTable();
    const take = (fact: ManifestFact) => {
      if (!linked.has(fact.digest) || known.has(fact.digest)) return;
      known.set(fact.digest, 1);
      if (deleteUntagged) this.#addEdges(fact);
      else this.#mark(fact);
    };
    for await (const fact of this.#facts.read((each) => each.kind === 'manifest' && linked.has(each.digest)))
      if (fact.kind === 'manifest') take(fact);
    await this.#readUnknown(known, take);
    await this.#facts.flush();
    await this.#facts.compact();
    if (!deleteUntagged) return;
    const promoted = newest.filter((entry) => mayBeOpen(entry, this.#context.now()));
    const named = [...tagged, ...promoted.map(({ manifestDigest }) => manifestDigest)];
    this.#reach(named.flatMap((digest) => this.#stored(digest) ?? []));
    await this.#markReached();
  }

  async #readUnknown(known: DigestTable, take: (fact: ManifestFact) => void): Promise<void> {
    const unreadable: string[] = [];
    let count = 0;
    await pMap(
      missingIn(this.#findings.linked, known),
      async (digest) => {
        const fact = await this.#read(digest);
        if (typeof fact === 'string') {
          if (++count <= NAMED_MAX) unreadable.push(`${digest}: ${fact}`);
          return;
        }
        await this.#facts.add(fact);
        take(fact);
      },
      { concurrency: READS_AT_ONCE },
    );
    if (count > 0) throw new UnreadableError(unreadable, count);
  }

  async #read(digest: Sha256Digest): Promise<ManifestFact | string> {
    const { objects, signal, counts } = this.#context;
    const key = blobDataKey(digest);
    const stat = async () => (await objects.stat(key, signal))?.sizeBytes ?? 0;
    const bytes = await objects.read(key, MANIFEST_MAX_BYTES, signal).catch(async (error: unknown) => {
      if ((await stat()) <= MANIFEST_MAX_BYTES) throw error;
    });
    counts.manifestsRead++;
    if (bytes === undefined) return 'its bytes are not there, or more than a manifest has';
    if (digestOf(bytes) !== digest) return 'its bytes are damaged';
    try {
      return factOf(readStoredManifest(bytes, digest, digest));
    } catch {
      return 'it is no JSON object';
    }
  }

  #addEdges({ digest, children, subject }: ManifestFact): void {
    const { children: byParent, referrers } = this.#edges;
    if (children.length > 0) byParent.set(digest, children);
    const stored = subject && this.#stored(subject);
    if (stored === undefined) return;
    const others = referrers.get(stored);
    if (others) others.push(digest);
    else referrers.set(stored, [digest]);
  }

  /** Follows the ways from these; tells whether that led to anything new. */
  #reach(roots: Iterable<Sha256Digest>): boolean {
    const { children, referrers } = this.#edges;
    const next = [...roots];
    let isNew = false;
    for (let digest = next.pop(); digest !== undefined; digest = next.pop()) {
      if (this.#reached.has(digest) || !this.#findings.linked.has(digest)) continue;
      this.#reached.set(digest, 1);
      isNew = true;
      for (const child of children.get(digest) ?? []) {
        const stored = this.#stored(child);
        if (stored) next.push(stored);
      }
      for (const referrer of referrers.get(digest) ?? []) next.push(referrer);
    }
    return isNew;
  }

  async #markReached(): Promise<void> {
    for await (const fact of this.#facts.read())
      if (fact.kind === 'manifest' && this.#reached.has(fact.digest)) this.#mark(fact);
  }

  #mark({ digest, blobs, children }: ManifestFact, table = this.inUse): void {
    table.set(digest, 1);
    for (const named of [...blobs, ...children]) {
      const stored = this.#stored(named);
      if (stored) table.set(stored, 1);
    }
  }

  /** Where content lies; undefined for a name by SHA-512 that no link explains, and so nobody can use. */
  #stored(digest: Digest): Sha256Digest | undefined {
    return isSha256(digest) ? digest : this.#aliases.get(digest);
  }

  async #markPublished(newest: readonly Publication[]): Promise<void> {
    const { objects, signal, counts } = this.#context;
    for await (const { key } of listAll(objects, { prefix: PUBLISHED_PREFIX }, signal)) {
      counts.objectsListed++;
      const [, algorithm, , hex] = key.slice(PUBLISHED_PREFIX.length).split('/');
      const digest = `${algorithm}:${hex}`;
      if (isSha256(digest)) this.inUse.set(digest, 1);
    }
    for (const { collections } of newest)
      for (const { digest } of Object.values(collections).flat()) this.inUse.set(digest, 1);
  }

  /**
   * The last entries of the publication log, newest first: those whose numbers may lack, and with `deleteUntagged` those
   * whose promotions may be open. After the scan: an entry is there before its tag moves, and stays.
   */
  async #readNewestEntries(): Promise<Publication[]> {
    const { objects, signal, counts, settings, now } = this.#context;
    let last = '';
    for await (const { key } of listAll(objects, { prefix: PUBLICATIONS_PREFIX }, signal)) {
      counts.objectsListed++;
      last = key;
    }
    let seq = Number(last.slice(PUBLICATIONS_PREFIX.length, -'.json'.length)) || 0;
    const entries: Publication[] = [];
    for (let atOnce = ENTRIES_READ; seq > 0; atOnce = READS_AT_ONCE) {
      const seqs = Array.from({ length: Math.min(atOnce, seq) }, () => seq--);
      const read = await Promise.all(seqs.map((each) => this.#readEntry(publicationKey(each))));
      entries.push(...read.filter((entry) => entry !== undefined));
      const oldest = entries.at(-1);
      if (!settings.deleteUntagged || (oldest && !mayBeOpen(oldest, now()))) break;
    }
    return entries;
  }

  async #readEntry(key: string): Promise<Publication | undefined> {
    const { objects, signal } = this.#context;
    const bytes = await objects.read(key, PUBLICATION_MAX_BYTES, signal);
    if (bytes === undefined) return undefined;
    const entry = PublicationSchema.safeParse(parse(bytes)).data;
    if (entry === undefined) throw new UnreadableError([`${key}: is no entry of the publication log`], 1);
    return entry;
  }
}

function* missingIn(wanted: DigestTable, known: DigestTable): Generator<Sha256Digest> {
  for (const [digest] of wanted.entries()) if (!known.has(digest)) yield digest;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

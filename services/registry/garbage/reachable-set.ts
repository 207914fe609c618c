import pMap from 'p-map';
import { type Digest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { DigestTable } from '../storage/digest-table.ts';
import type { CollectorReader } from './collector-reader.ts';
import type { ReferenceIndex } from './reference-index.ts';
import { type ManifestReferences, referencesOf } from './references.ts';
import type { ScanFindings } from './scan.ts';

const READS_AT_ONCE = 16;

/** What marking works over: one repository, or all together. */
export interface MarkScope {
  readonly reader: CollectorReader;
  readonly references: ReferenceIndex;
  readonly findings: ScanFindings;
  readonly aliases: ReadonlyMap<Digest, Sha256Digest>;
  /** Manifests count only if a root leads to them; else all do. */
  readonly deleteUntagged: boolean;
  /** Called for each manifest that was read. */
  readonly onRead?: () => void;
}

/** The ways from one manifest to others, where there are any. */
interface Edges {
  readonly children: Map<Sha256Digest, readonly Digest[]>;
  /** By subject. */
  readonly referrers: Map<Sha256Digest, Sha256Digest[]>;
}

/**
 * What is in use. Every manifest that a repository has a link to counts, with what it refers to; with `deleteUntagged`,
 * those that a root leads to: what tags name and the roots given, from there on the manifests of an index and
 * whatever has one of these as its subject, to any depth. Every manifest is read once, so a subject is found whichever
 * registry recorded it.
 */
export class ReachableSet {
  readonly inUse: DigestTable;
  /** Manifests that could not be read, and why. What they refer to is unknown. */
  readonly unread = new Map<Sha256Digest, string>();
  /**
   * What manifests name that are out of use, but do not go in this cycle. It stays: a repository that has a manifest has
   * all that this names, so a client that pushes an index of it has to look for the manifest alone.
   */
  readonly #spared = new DigestTable();
  readonly #scope: MarkScope;
  readonly #edges: Edges = { children: new Map(), referrers: new Map() };
  readonly #reached = new DigestTable();

  private constructor(scope: MarkScope, inUse: DigestTable) {
    this.#scope = scope;
    this.inUse = inUse;
  }

  /** Marks in `inUse`; reads what the references do not know. */
  static async of(
    scope: MarkScope,
    roots: Iterable<Digest>,
    inUse = new DigestTable(),
  ): Promise<ReachableSet> {
    const set = new ReachableSet(scope, inUse);
    await set.#markManifests(roots);
    return set;
  }

  /** The manifests that a repository has a link to, and that are in use. */
  get kept(): Pick<DigestTable, 'has'> {
    return this.#scope.deleteUntagged ? this.#reached : this.#scope.findings.linked;
  }

  /** Whether content may be deleted now. */
  mayGo(digest: Sha256Digest): boolean {
    return !this.inUse.has(digest) && !this.#spared.has(digest);
  }

  /** Spares what is named by manifests that do not go now. Without `deleteUntagged` all of that is in use. */
  async spareWhatStays(goes: (digest: Sha256Digest) => boolean): Promise<void> {
    if (!this.#scope.deleteUntagged) return;
    const { linked } = this.#scope.findings;
    const roots: Sha256Digest[] = [];
    for (const digest of linked) if (this.inUse.has(digest) || !goes(digest)) roots.push(digest);
    const stays = new DigestTable();
    this.#follow(roots, stays, ({ children }, digest) => this.#allStored(children.get(digest)));
    await this.#markAll(stays, this.#spared);
  }

  /**
   * Marks what is reached from these as well. Without `deleteUntagged` it is known of all manifests already: a manifest
   * that is not in use has no link, and so leads nowhere.
   */
  async add(digests: Iterable<Sha256Digest>): Promise<void> {
    const roots = [...digests];
    for (const digest of roots) this.inUse.set(digest, 1);
    if (this.#scope.deleteUntagged && this.#reach(roots)) await this.#markAll(this.#reached);
  }

  async #markManifests(roots: Iterable<Digest>): Promise<void> {
    const { references, findings, deleteUntagged } = this.#scope;
    const { linked, tagged } = findings;
    const known = new DigestTable();
    const take = (manifest: ManifestReferences) => {
      if (!linked.has(manifest.digest) || known.has(manifest.digest)) return;
      known.set(manifest.digest, 1);
      if (deleteUntagged) this.#addEdges(manifest);
      else this.#mark(manifest, this.inUse);
    };
    for await (const each of references.read((one) => one.kind === 'manifest' && linked.has(one.digest)))
      if (each.kind === 'manifest') take(each);
    await pMap(missingIn(linked, known), (digest) => this.#read(digest, take), {
      concurrency: READS_AT_ONCE,
    });
    // Here, since the next read no longer knows what is useful.
    await references.store();
    if (!deleteUntagged) return;
    this.#reach(this.#allStored([...tagged, ...roots]));
    await this.#markAll(this.#reached);
  }

  async #read(digest: Sha256Digest, take: (manifest: ManifestReferences) => void): Promise<void> {
    const { reader, references, deleteUntagged, onRead } = this.#scope;
    const manifest = await reader.manifest(digest);
    onRead?.();
    if ('fault' in manifest) {
      this.unread.set(digest, manifest.why);
      return;
    }
    const read = referencesOf(manifest);
    // Kept only if something reads it later: the next cycle, or the marking of what was reached.
    if (deleteUntagged || references.isWritable) await references.add(read);
    take(read);
  }

  #addEdges({ digest, children, subject }: ManifestReferences): void {
    const { children: byParent, referrers } = this.#edges;
    if (children.length > 0) byParent.set(digest, children);
    const stored = subject && this.#stored(subject);
    if (stored === undefined) return;
    const others = referrers.get(stored);
    if (others) others.push(digest);
    else referrers.set(stored, [digest]);
  }

  /** Follows the ways from these; returns whether that led to anything new. */
  #reach(roots: readonly Sha256Digest[]): boolean {
    const before = this.#reached.size;
    this.#follow(roots, this.#reached, ({ children, referrers }, digest) => [
      ...this.#allStored(children.get(digest)),
      ...(referrers.get(digest) ?? []),
    ]);
    return this.#reached.size > before;
  }

  /** Adds to a table all linked manifests that the ways from `roots` lead to. */
  #follow(
    roots: readonly Sha256Digest[],
    found: DigestTable,
    waysFrom: (edges: Edges, digest: Sha256Digest) => readonly Sha256Digest[],
  ): void {
    const next = [...roots];
    for (let digest = next.pop(); digest !== undefined; digest = next.pop()) {
      if (found.has(digest) || !this.#scope.findings.linked.has(digest)) continue;
      found.set(digest, 1);
      // One by one: a subject may have more referrers than a call takes arguments.
      for (const way of waysFrom(this.#edges, digest)) next.push(way);
    }
  }

  /** Marks these manifests, and what they name. */
  async #markAll(manifests: DigestTable, table = this.inUse): Promise<void> {
    for await (const each of this.#scope.references.read())
      if (each.kind === 'manifest' && manifests.has(each.digest)) this.#mark(each, table);
  }

  #mark({ digest, blobs, children }: ManifestReferences, table: DigestTable): void {
    table.set(digest, 1);
    for (const stored of this.#allStored([...blobs, ...children])) table.set(stored, 1);
  }

  #allStored(digests: readonly Digest[] = []): Sha256Digest[] {
    return digests.flatMap((digest) => this.#stored(digest) ?? []);
  }

  /** Where content is stored; undefined for a name by SHA-512 that no link explains, and so nobody can use. */
  #stored(digest: Digest): Sha256Digest | undefined {
    return isSha256(digest) ? digest : this.#scope.aliases.get(digest);
  }
}

function* missingIn(wanted: DigestTable, known: DigestTable): Generator<Sha256Digest> {
  for (const digest of wanted) if (!known.has(digest)) yield digest;
}

import pMap, { pMapSkip } from 'p-map';
import { type Digest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { allBlobs, type Manifest } from '../oci/manifest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { layerLinkKey, revisionLinkKey, revisionsPrefix, tagsPrefix } from '../storage/layout.ts';
import { digestOfLink, isUnknownDigestLink } from '../storage/layout-read.ts';
import type { StrictReader } from './reader.ts';

const CONCURRENCY = { concurrency: 16 };

/** What decides whether something is garbage. */
export interface MarkOptions {
  /** Manifests count only if a tag leads to them; else all do. */
  readonly deleteUntagged: boolean;
  /** What was written after this may belong to a push under way, and counts. */
  readonly youngerThan: Date;
}

/** The manifests of a repository, and which of them are in use: a {@link DigestTable} that holds {@link Standing}. */
export type Revisions = DigestTable;

/** What a repository's manifest is. */
export const Standing = { doomed: 0, kept: 1 } as const;

/**
 * Marks what a repository has in use: its manifests, their blobs. With `deleteUntagged`, those that a tag names or that
 * an open promotion may tag, from there on the manifests of an index and whatever has one of these as its subject, to any
 * depth; and young ones. Tags
 * by which clients attach (cosign's, the fallback tags of referrers) are tags like others. Reads every manifest, so
 * that a subject is found whoever recorded it, or nobody.
 */
export async function markRepository(
  reader: StrictReader,
  inUse: DigestTable,
  name: RepositoryName,
  options: MarkOptions & { readonly open: ReadonlySet<Digest> },
): Promise<Revisions> {
  const all = new Reachable(reader, inUse, name);
  await pMap(all.links(), (key) => all.read(key, options.deleteUntagged), CONCURRENCY);
  if (!options.deleteUntagged) return all.revisions;
  await all.reach(await all.tagged());
  await all.reach(await all.those(options.open));
  await all.reach(await all.young(options.youngerThan));
  return all.revisions;
}

/** The manifests of a repository, and the ways from one to another. */
class Reachable {
  readonly #reader: StrictReader;
  readonly #inUse: DigestTable;
  readonly #name: RepositoryName;
  readonly revisions: Revisions = new DigestTable();
  /** The manifests that name a subject, by the subject; only these edges are kept in memory. */
  readonly #referrers = new Map<Sha256Digest, Sha256Digest[]>();

  constructor(reader: StrictReader, inUse: DigestTable, name: RepositoryName) {
    this.#reader = reader;
    this.#inUse = inUse;
    this.#name = name;
  }

  /** The keys of the links to all manifests. */
  links(): AsyncGenerator<string> {
    return this.#reader.keys(revisionsPrefix(this.#name));
  }

  /** Reads a manifest, by its link. Without roots to reach it from it is kept as it is. */
  async read(key: string, isRootNeeded: boolean): Promise<void> {
    const named = digestOfLink(key, revisionsPrefix(this.#name));
    if (isUnknownDigestLink(key, revisionsPrefix(this.#name))) return this.#reader.noteUnknownDigest(key);
    const stored = named && (await this.#reader.storedLink(key));
    // A second name adds nothing to the first.
    if (named === undefined || stored === undefined || !isSha256(named)) return;
    if (stored !== named) return this.#reader.note(`${key}: leads to ${stored}`);
    const manifest = await this.#reader.manifest(this.#name, stored);
    if (manifest === undefined) return;
    this.revisions.set(stored, isRootNeeded ? Standing.doomed : Standing.kept);
    if (!isRootNeeded) await markContent(this.#reader, this.#inUse, this.#name, manifest);
    else if (manifest.subject) await this.#addReferrer(manifest.subject.digest, stored);
  }

  /** What the tags name now. */
  async tagged(): Promise<Sha256Digest[]> {
    const named = await pMap(
      this.#reader.keys(tagsPrefix(this.#name)),
      async (key) => {
        const digest = key.endsWith('/current/link') ? await this.#reader.link(key) : undefined;
        const stored = digest && (await this.#stored(digest));
        return stored ?? pMapSkip;
      },
      CONCURRENCY,
    );
    return [...new Set(named)];
  }

  /** Where these lie that this repository has. */
  async those(named: ReadonlySet<Digest>): Promise<Sha256Digest[]> {
    return pMap(named, async (digest) => (await this.#stored(digest)) ?? pMapSkip, CONCURRENCY);
  }

  /** What was not reached, and may be part of a push under way. */
  async young(youngerThan: Date): Promise<Sha256Digest[]> {
    const isYoung = async ([digest, standing]: [Sha256Digest, number]) => {
      if (standing !== Standing.doomed) return pMapSkip;
      const stat = await this.#reader.objects.stat(revisionLinkKey(this.#name, digest));
      return stat && stat.modifiedAt > youngerThan ? digest : pMapSkip;
    };
    return pMap(this.revisions.entries(), isYoung, CONCURRENCY);
  }

  /** Keeps manifests, and all that is reached from them. */
  async reach(roots: readonly Sha256Digest[]): Promise<void> {
    for (let next = roots; next.length > 0; )
      next = (await pMap(next, (digest) => this.#visit(digest), CONCURRENCY)).flat();
  }

  async #visit(digest: Sha256Digest): Promise<Sha256Digest[]> {
    if (this.revisions.get(digest) !== Standing.doomed) return [];
    this.revisions.set(digest, Standing.kept);
    const manifest = await this.#reader.manifest(this.#name, digest);
    if (manifest === undefined) return [];
    await markContent(this.#reader, this.#inUse, this.#name, manifest);
    const children = await Promise.all(manifest.manifests.map((child) => this.#stored(child.digest)));
    return [...children.filter((child) => child !== undefined), ...(this.#referrers.get(digest) ?? [])];
  }

  async #addReferrer(subject: Digest, by: Sha256Digest): Promise<void> {
    const stored = await this.#stored(subject);
    if (stored === undefined) return;
    const known = this.#referrers.get(stored);
    if (known) known.push(by);
    else this.#referrers.set(stored, [by]);
  }

  #stored(digest: Digest): Promise<Sha256Digest | undefined> {
    return this.#reader.stored(digest, revisionLinkKey(this.#name, digest));
  }
}

/** Marks a manifest, and the blobs and manifests that it names, whether the repository has them or not. */
async function markContent(
  reader: StrictReader,
  inUse: DigestTable,
  name: RepositoryName,
  manifest: Manifest,
): Promise<void> {
  inUse.set(manifest.canonicalDigest, 1);
  for (const { digest } of allBlobs(manifest)) {
    const stored = await reader.stored(digest, layerLinkKey(name, digest));
    if (stored) inUse.set(stored, 1);
  }
  for (const { digest } of manifest.manifests) {
    const stored = await reader.stored(digest, revisionLinkKey(name, digest));
    if (stored) inUse.set(stored, 1);
  }
}

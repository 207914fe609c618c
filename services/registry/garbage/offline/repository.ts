import pMap, { pMapSkip } from 'p-map';
import { type Digest, isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { isTag, type RepositoryName, type Tag } from '../../oci/names.ts';
import type { DigestTable } from '../../storage/digest-table.ts';
import { blobDataKey, revisionLinkKey } from '../../storage/layout.ts';
import { partPrefix, partsPrefix, recordOf } from '../../storage/layout-read.ts';
import type { CollectorReader } from '../collector-reader.ts';
import { ReachableSet } from '../reachable-set.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { ScanFindings, scanPages } from '../scan.ts';

const CONCURRENCY = { concurrency: 16 };

/** What decides whether something is garbage. */
export interface MarkOptions {
  /** Manifests count only if a tag leads to them; else all do. */
  readonly deleteUntagged: boolean;
  /** What was written after this may belong to a push under way, and counts. */
  readonly youngerThan: Date;
}

/** What goes from a repository. */
export interface RepositoryGarbage {
  readonly name: RepositoryName;
  /** Manifests, under all of their names. */
  readonly manifests: readonly Digest[];
  /** Entries of tags' histories. */
  readonly history: readonly { readonly tag: Tag; readonly digest: Digest }[];
  /** Records of referrers. */
  readonly referrers: readonly { readonly subject: Digest; readonly digest: Digest }[];
  /** Links to blobs that go, or have gone. */
  readonly layers: readonly Digest[];
}

/** A repository, and which of its manifests stay, by any of their names. */
export interface MarkedRepository {
  readonly name: RepositoryName;
  readonly keeps: (digest: Digest) => boolean;
}

/**
 * Marks what one repository has in use, with `deleteUntagged` from its own tags, its open promotions and its young
 * manifests.
 */
export async function markRepository(
  reader: CollectorReader,
  name: RepositoryName,
  { deleteUntagged, youngerThan }: MarkOptions,
  open: ReadonlySet<Digest>,
  inUse: DigestTable,
): Promise<MarkedRepository> {
  const [findings, aliases] = [new ScanFindings(), new Map<Digest, Sha256Digest>()];
  const query = { prefix: partsPrefix(name), deleteUntagged, verifiesLinks: true, due: [], aliases };
  for await (const _ of scanPages(reader, query, () => findings));
  const references = new ReferenceIndex(reader);
  const scope = { reader, references, findings, aliases, deleteUntagged, place: `${name}@` };
  const reachable = await ReachableSet.of(scope, open, inUse);
  const { kept } = reachable;
  const young = await pMap(
    findings.linked.entries(),
    async ([digest]) => {
      const counts = !kept.has(digest) && (await isYoung(reader, revisionLinkKey(name, digest), youngerThan));
      return counts ? digest : pMapSkip;
    },
    CONCURRENCY,
  );
  await reachable.add(young);
  return { name, keeps: keepsBy(kept, aliases) };
}

/** A function of its own, so that nothing else of the marking is kept in memory. */
function keepsBy(
  kept: Pick<DigestTable, 'has'>,
  aliases: ReadonlyMap<Digest, Sha256Digest>,
): MarkedRepository['keeps'] {
  return (digest) => {
    const stored = isSha256(digest) ? digest : aliases.get(digest);
    return stored !== undefined && kept.has(stored);
  };
}

/** Blobs that no manifest names, but that a client has given to a repository a moment ago, count as in use. */
export async function markYoungLayers(
  reader: CollectorReader,
  name: RepositoryName,
  inUse: DigestTable,
  published: DigestTable,
  { youngerThan }: MarkOptions,
): Promise<void> {
  await pMap(
    reader.keys(partPrefix(name, '_layers')),
    async (key) => {
      const record = recordOf(key);
      const stored = record?.kind === 'layer' ? await reader.stored(record.named, key) : undefined;
      if (stored === undefined || inUse.has(stored) || published.has(stored)) return;
      if (await isYoung(reader, key, youngerThan)) inUse.set(stored, 1);
    },
    CONCURRENCY,
  );
}

/**
 * What goes from a repository: with `deleteUntagged` the links of manifests and the tags' history; records of referrers
 * that go, or have gone; and links to blobs that go, so that none dangles, nor leads to what another repository pushes
 * later under the same digest, and those that dangle already.
 */
export async function repositoryGarbage(
  reader: CollectorReader,
  { name, keeps }: MarkedRepository,
  tables: Readonly<Record<'inUse' | 'published' | 'toDelete', DigestTable>>,
  { deleteUntagged, youngerThan }: MarkOptions,
): Promise<RepositoryGarbage> {
  const garbage = {
    name,
    manifests: [] as Digest[],
    history: [] as { tag: Tag; digest: Digest }[],
    referrers: [] as { subject: Digest; digest: Digest }[],
    layers: [] as Digest[],
  };
  for await (const key of reader.keys(partsPrefix(name))) {
    const record = recordOf(key);
    if (record?.kind === 'layer') {
      if (await isUselessLayer(reader, key, record.named, tables, youngerThan))
        garbage.layers.push(record.named);
      continue;
    }
    if (record === undefined || !('named' in record) || keeps(record.named)) continue;
    const digest = record.named;
    if (record.kind !== 'referrer' && !deleteUntagged) continue;
    const link = await reader.stat(revisionLinkKey(name, digest));
    // A push that began before writes went off may have linked its manifest since the marking.
    if (link && link.modifiedAt > youngerThan) continue;
    if (record.kind === 'referrer') {
      // Records are written before the links of their manifests: a young one goes only with its manifest.
      if (link || !(await isYoung(reader, key, youngerThan)))
        garbage.referrers.push({ subject: record.subject, digest });
    } else if (record.kind === 'revision') garbage.manifests.push(digest);
    else if (record.kind === 'history' && isTag(record.tag))
      garbage.history.push({ tag: record.tag, digest });
  }
  return garbage;
}

async function isUselessLayer(
  reader: CollectorReader,
  key: string,
  named: Digest,
  { inUse, published, toDelete }: Parameters<typeof repositoryGarbage>[2],
  youngerThan: Date,
): Promise<boolean> {
  const stored = await reader.stored(named, key);
  if (stored === undefined || inUse.has(stored) || published.has(stored)) return false;
  if (toDelete.has(stored)) return true;
  return !(await reader.stat(blobDataKey(stored))) && !(await isYoung(reader, key, youngerThan));
}

/** Whether an object was written after a moment, or has gone since it was listed. */
async function isYoung(reader: CollectorReader, key: string, youngerThan: Date): Promise<boolean> {
  const stat = await reader.stat(key);
  return stat === undefined || stat.modifiedAt > youngerThan;
}

import pMap, { pMapSkip } from 'p-map';
import { type Digest, isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { isTag, type RepositoryName, type Tag } from '../../oci/names.ts';
import type { DigestTable } from '../../storage/digest-table.ts';
import { blobDataKey, revisionLinkKey } from '../../storage/layout.ts';
import { partPrefix, partsPrefix, recordOf } from '../../storage/layout-read.ts';
import type { CollectorReader } from '../collector-reader.ts';
import { keepWhole } from '../kept-whole.ts';
import type { Published } from '../published-blobs.ts';
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
  readonly manifests: Digest[];
  /** Entries of tags' histories. */
  readonly history: { readonly tag: Tag; readonly digest: Digest }[];
  /** Records of referrers. */
  readonly referrers: { readonly subject: Digest; readonly digest: Digest }[];
  /** Links to blobs that go, or have gone. */
  readonly layers: Digest[];
}

/** What planning works with. */
export interface Planning extends MarkOptions {
  readonly reader: CollectorReader;
  /** What was found in use so far. */
  readonly inUse: DigestTable;
  readonly published: Published;
}

/** A repository, and which of its manifests stay, by any of their names. */
export interface MarkedRepository {
  readonly name: RepositoryName;
  readonly keeps: (digest: Digest) => boolean;
  /** Why everything is kept; undefined if only what is in use is. */
  readonly keptWhole?: string | undefined;
}

/**
 * Marks what one repository has in use, with `deleteUntagged` from its own tags, its open promotions and its young
 * manifests; all of it while something in it cannot be read.
 */
export async function markRepository(planning: Planning, name: RepositoryName): Promise<MarkedRepository> {
  const { reader, deleteUntagged, inUse, published } = planning;
  const [findings, aliases] = [new ScanFindings(), new Map<Digest, Sha256Digest>()];
  const query = { prefix: partsPrefix(name), deleteUntagged, verifiesLinks: true, due: [], aliases };
  for await (const _ of scanPages(reader, query, () => findings));
  const references = new ReferenceIndex(reader);
  const scope = { reader, references, findings, aliases, deleteUntagged };
  const reachable = await ReachableSet.of(scope, published.open, inUse);
  const { kept } = reachable;
  const [unread] = reachable.unread;
  const keptWhole = findings.unreadable.get(name) ?? (unread && `${name}@${unread[0]}: ${unread[1]}`);
  if (keptWhole !== undefined) {
    await keepWhole({ reader, aliases, reachable }, name);
    return { name, keeps: () => true, keptWhole };
  }
  const young = await pMap(
    findings.linked,
    async (digest) => {
      const counts = !kept.has(digest) && (await isYoung(planning, revisionLinkKey(name, digest)));
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
export async function markYoungLayers(planning: Planning, name: RepositoryName): Promise<void> {
  const { reader, inUse } = planning;
  await pMap(
    reader.keys(partPrefix(name, '_layers')),
    async (key) => {
      const record = recordOf(key);
      const stored = record?.kind === 'layer' ? await reader.stored(record.named, key) : undefined;
      if (stored === undefined || stays(planning, stored)) return;
      if (await isYoung(planning, key)) inUse.set(stored, 1);
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
  planning: Planning,
  { name, keeps }: MarkedRepository,
  toDelete: DigestTable,
): Promise<RepositoryGarbage> {
  const { reader, deleteUntagged, youngerThan } = planning;
  const garbage: RepositoryGarbage = { name, manifests: [], history: [], referrers: [], layers: [] };
  for await (const key of reader.keys(partsPrefix(name))) {
    const record = recordOf(key);
    if (record?.kind === 'layer') {
      if (await isUselessLayer(planning, toDelete, key, record.named)) garbage.layers.push(record.named);
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
      if (link || !(await isYoung(planning, key)))
        garbage.referrers.push({ subject: record.subject, digest });
    } else if (record.kind === 'revision') garbage.manifests.push(digest);
    else if (record.kind === 'history' && isTag(record.tag))
      garbage.history.push({ tag: record.tag, digest });
  }
  return garbage;
}

async function isUselessLayer(
  planning: Planning,
  toDelete: DigestTable,
  key: string,
  named: Digest,
): Promise<boolean> {
  const { reader } = planning;
  const stored = await reader.stored(named, key);
  if (stored === undefined || stays(planning, stored)) return false;
  if (toDelete.has(stored)) return true;
  return !(await reader.stat(blobDataKey(stored))) && !(await isYoung(planning, key));
}

function stays({ inUse, published }: Planning, blob: Sha256Digest): boolean {
  return inUse.has(blob) || published.blobs.has(blob);
}

/** Whether an object is young, or has gone since it was listed. */
async function isYoung({ reader, youngerThan }: Planning, key: string): Promise<boolean> {
  const stat = await reader.stat(key);
  return stat === undefined || stat.modifiedAt > youngerThan;
}

import { ALIAS_FACTS_PREFIX, MANIFEST_FACTS_PREFIX } from '../../content/quarantine/keys.ts';
import type { Digest, Sha256Digest } from '../../oci/digest.ts';
import { mayBeOpen } from '../../publishing/promotion/open.ts';
import { CollectorReader } from '../collector-reader.ts';
import { type KeptRepository, keepUnreadable } from '../kept-whole.ts';
import { markPublished, newestEntries } from '../published-blobs.ts';
import { ReachableSet } from '../reachable-set.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { ScanFindings, scanPages } from '../scan.ts';
import { compare } from './candidates.ts';
import type { Cycle, CycleContext } from './context.ts';
import { deleteLists } from './delete-list.ts';
import { announceForgotten, dueLists, type ListState, readLists, sweepFlags } from './quarantine-lists.ts';
import { type ScanHeader, ScanStore } from './scan-store.ts';

/** What a scan has found is stored every time it has read this many pages. */
const STORE_PAGES = 200;
/** A scan that was left for longer is started again: it is still right, but finds too much in use. */
const RESUME_MAX_MS = 6 * 3_600_000;
/** What is remembered of what goes; lists that would need more wait for the next cycle. */
const RECORDS_MAX = 500_000;

/** What a cycle did, or would have done. */
export interface CycleResult {
  /** What is out of use and would go into quarantine; only of a dry run, and at most {@link CANDIDATES_MAX}. */
  readonly candidates: readonly Sha256Digest[];
  /** More is due than one cycle deletes. */
  readonly isMoreDue: boolean;
  /** Of these, everything was kept. */
  readonly kept: readonly KeptRepository[];
}

const CANDIDATES_MAX = 10_000;

/**
 * One cycle: scan for what is in use; delete what is not, and whose quarantine was over when the scan began; compare the
 * rest with what is stored, and put into quarantine what was out of use for the grace. Ended anywhere, it is continued
 * by doing it again. A repository in which something cannot be read is kept whole. Throws {@link
 * import('../collector-reader.ts').UnreadableError} when something that may lead to content cannot be listed.
 */
export async function collectOnce(given: CycleContext): Promise<CycleResult> {
  const { signal, settings, dryRun, counts, onPhase, now } = given;
  const { deleteUntagged } = settings;
  const onListed = (keys: number) => {
    counts.objectsListed += keys;
  };
  const reader = await CollectorReader.open(given.objects, { signal, failsAtOnce: true, onListed });
  const cycle = { ...given, objects: reader.objects, reader };
  const lists = await readLists(cycle);
  if (!dryRun) {
    await sweepFlags(cycle, lists);
    await announceForgotten(cycle, lists);
  }
  const aliasIndex = new ReferenceIndex(reader, ALIAS_FACTS_PREFIX, !dryRun);
  const aliases = new Map<Digest, Sha256Digest>();
  for await (const each of aliasIndex.read()) if (each.kind === 'alias') aliases.set(each.named, each.stored);

  onPhase?.('scanning');
  const due = dueLists(lists, cycle);
  const findings = await scan(cycle, due, aliases);
  for (const alias of findings.aliases) await aliasIndex.add({ kind: 'alias', ...alias });
  await aliasIndex.store();

  onPhase?.('marking');
  const entries = await newestEntries(reader, deleteUntagged, now());
  const references = new ReferenceIndex(reader, MANIFEST_FACTS_PREFIX, !dryRun);
  const onRead = () => void counts.manifestsRead++;
  const open = entries.filter((entry) => mayBeOpen(entry, now())).map((entry) => entry.manifestDigest);
  const reachable = await ReachableSet.of(
    { reader, references, findings, aliases, deleteUntagged, onRead },
    open,
  );
  const kept = await keepUnreadable({ reader, findings, aliases, reachable });
  await markPublished(reader, entries, reachable.inUse);
  reader.throwIfUnreadable();

  onPhase?.('deleting');
  await deleteLists(cycle, due, findings, reachable);

  onPhase?.('comparing');
  const left = lists.filter((list) => !due.includes(list));
  const candidates = (await compare(cycle, left, reachable.inUse)).slice(0, CANDIDATES_MAX);
  if (!dryRun) await new ScanStore(reader, cycle.fence).clear();
  counts.inUse = reachable.inUse.size;
  return { candidates, isMoreDue: dueLists(left, cycle).length > 0, kept };
}

/** Scans, or continues the scan that was left. `due` becomes what that one looked for. */
async function scan(
  cycle: Cycle,
  due: ListState[],
  aliases: Map<Digest, Sha256Digest>,
): Promise<ScanFindings> {
  const { reader, settings, dryRun, now } = cycle;
  const { deleteUntagged } = settings;
  const store = new ScanStore(reader, cycle.fence);
  const known = new Map(due.map((list) => [list.name, list]));
  const isWanted = (header: ScanHeader) =>
    header.deleteUntagged === deleteUntagged && Math.abs(now() - header.startedAt) < RESUME_MAX_MS;
  let stored = dryRun ? undefined : await store.resume(isWanted);
  // Lists that it looked for and that have gone were dealt with.
  if (stored) due.splice(0, due.length, ...stored.header.due.flatMap((name) => known.get(name) ?? []));
  else if (!dryRun) {
    await store.clear();
    stored = await store.begin({ version: 1, startedAt: now(), deleteUntagged, due: namesOf(due) });
  }
  const findings = stored?.findings ?? new ScanFindings();
  for (const { named, stored: digest } of findings.aliases) aliases.set(named, digest);
  if (stored?.cursor === null) return findings;
  let part = new ScanFindings();
  let pages = 0;
  // `due` itself, so that the scan no longer records what a list that is dropped below would have needed.
  const query = { deleteUntagged, due, aliases };
  for await (const cursor of scanPages(reader, query, () => part, stored?.cursor)) {
    reader.throwIfUnreadable();
    if (++pages % STORE_PAGES !== 0 || stored === undefined) continue;
    await store.keep(stored, part, cursor);
    findings.add(part);
    part = new ScanFindings();
    if (findings.recordsCount <= RECORDS_MAX || due.length < 2) continue;
    dropLast(due, findings);
    await store.begin({ ...stored.header, due: namesOf(due) }, stored.id);
  }
  reader.throwIfUnreadable();
  if (stored) await store.keep(stored, part, null);
  findings.add(part);
  return findings;
}

const namesOf = (lists: readonly ListState[]) => lists.map(({ name }) => name);

/** Leaves a list for the next cycle: too much is recorded of what it holds. */
function dropLast(due: ListState[], findings: ScanFindings): void {
  for (const digest of due.pop()?.digests ?? []) {
    findings.recordsCount -= findings.records.get(digest)?.length ?? 0;
    findings.records.delete(digest);
  }
}

import { ALIAS_FACTS_PREFIX, MANIFEST_FACTS_PREFIX } from '../../content/quarantine/keys.ts';
import type { Digest, Sha256Digest } from '../../oci/digest.ts';
import type { DigestTable } from '../../storage/digest-table.ts';
import { DigestTable as Table } from '../../storage/digest-table.ts';
import { BLOBS_PREFIX } from '../../storage/layout.ts';
import { digestOfData } from '../../storage/layout-read.ts';
import { listAll } from '../../storage/object-store.ts';
import { accountableListing } from './accountable-listing.ts';
import type { CycleContext } from './context.ts';
import { deleteLists } from './delete-list.ts';
import { FactStore } from './fact-store.ts';
import { Marked } from './marked.ts';
import {
  announce,
  announceForgotten,
  dueLists,
  type ListState,
  readLists,
  roomFor,
  sweepFlags,
} from './quarantine-lists.ts';
import { ScanFindings, scanPages } from './scan.ts';
import { merge, type ScanHeader, ScanStore } from './scan-store.ts';
import { readSuspects, writeSuspects } from './suspects.ts';

/** What a scan has found is kept every so many pages. */
const KEEP_PAGES = 200;
/** A scan that was left for longer is begun anew: it is still right, but finds too much in use. */
const RESUME_MAX_MS = 6 * 3_600_000;
/** What is remembered of what goes; lists that would need more wait for the next cycle. */
const RECORDS_MAX = 500_000;

/** What a cycle did, or would have done. */
export interface CycleResult {
  /** What is out of use and would go into quarantine; only of a dry run, and only so many. */
  readonly candidates: readonly Sha256Digest[];
  /** More is due than one cycle deletes. */
  readonly isMoreDue: boolean;
}

const CANDIDATES_MAX = 10_000;

/**
 * One cycle: scan what is in use; delete what is not, and was in quarantine for long enough when the scan began; look
 * what else is stored and not in use, and put that of it into quarantine that was so for the grace. Ended anywhere, it
 * is gone on with by doing it again.
 */
export async function collectOnce(given: CycleContext): Promise<CycleResult> {
  const context = { ...given, objects: accountableListing(given.objects) };
  const { objects, signal, dryRun, counts, onPhase } = context;
  // Without any bytes every manifest would be named below, and not why.
  await objects.list({ prefix: BLOBS_PREFIX, limit: 1 }, signal);
  const lists = await readLists(context);
  if (!dryRun) {
    await sweepFlags(context, lists);
    await announceForgotten(context, lists);
  }
  const aliasFacts = new FactStore(objects, ALIAS_FACTS_PREFIX, !dryRun, signal);
  const aliases = new Map<Digest, Sha256Digest>();
  for await (const fact of aliasFacts.read()) if (fact.kind === 'alias') aliases.set(fact.named, fact.stored);

  onPhase?.('scanning');
  const due = dueLists(lists, context);
  const findings = await scan(context, due, aliases);
  for (const alias of findings.aliases) {
    aliases.set(alias.named, alias.stored);
    await aliasFacts.add(alias);
  }
  await aliasFacts.flush();
  await aliasFacts.compact();

  onPhase?.('marking');
  const manifestFacts = new FactStore(objects, MANIFEST_FACTS_PREFIX, !dryRun, signal);
  const marked = await Marked.of(context, manifestFacts, findings, aliases);

  onPhase?.('deleting');
  await deleteLists(
    context,
    due.map(({ name, digests }) => ({ name, digests, records: findings.records })),
    marked,
  );

  onPhase?.('comparing');
  const left = lists.filter((list) => !due.includes(list));
  const candidates = await compare(context, left, marked.inUse);
  if (!dryRun) await new ScanStore(objects, signal).clear();
  counts.inUse = marked.inUse.size;
  return { candidates, isMoreDue: dueLists(left, context).length > 0 };
}

/** Scans, or goes on with the scan that was left. `due` becomes what that one looked for. */
async function scan(
  context: CycleContext,
  due: ListState[],
  aliases: Map<Digest, Sha256Digest>,
): Promise<ScanFindings> {
  const { objects, signal, settings, dryRun, now } = context;
  const { deleteUntagged } = settings;
  const store = new ScanStore(objects, signal);
  let findings = new ScanFindings();
  const known = new Map(due.map((list) => [list.name, list]));
  const isWanted = (header: ScanHeader) =>
    header.deleteUntagged === deleteUntagged && Math.abs(now() - header.startedAt) < RESUME_MAX_MS;
  let stored = dryRun ? undefined : await store.resume(isWanted, findings);
  // Lists that it looked for and that have gone were dealt with.
  if (stored) due.splice(0, due.length, ...stored.header.due.flatMap((name) => known.get(name) ?? []));
  else {
    findings = new ScanFindings();
    if (!dryRun) {
      await store.clear();
      const header = {
        version: 1,
        startedAt: now(),
        deleteUntagged,
        due: due.map(({ name }) => name),
      } as const;
      stored = await store.begin(header);
    }
  }
  if (stored?.cursor === null) return findings;
  for (const { named, stored: digest } of findings.aliases) aliases.set(named, digest);
  let part = new ScanFindings();
  let pages = 0;
  const query = { deleteUntagged, due: due.map(({ digests }) => digests), aliases };
  for await (const cursor of scanPages(context, query, () => part, stored?.cursor)) {
    if (++pages % KEEP_PAGES !== 0 || stored === undefined) continue;
    await store.keep(stored, part, cursor);
    merge(findings, part);
    part = new ScanFindings();
    if (findings.recordsCount <= RECORDS_MAX || due.length < 2) continue;
    dropLast(due, query.due, findings);
    await store.begin({ ...stored.header, due: due.map(({ name }) => name) }, stored.id);
  }
  if (stored) await store.keep(stored, part, null);
  merge(findings, part);
  return findings;
}

/** Leaves a list for the next cycle: too much is recorded of what it holds. */
function dropLast(due: ListState[], query: unknown[], findings: ScanFindings): void {
  const dropped = due.pop();
  query.pop();
  for (const digest of dropped?.digests ?? []) {
    findings.recordsCount -= findings.records.get(digest)?.length ?? 0;
    findings.records.delete(digest);
  }
}

/** Looks what is stored and not in use. */
async function compare(
  context: CycleContext,
  lists: readonly ListState[],
  inUse: DigestTable,
): Promise<Sha256Digest[]> {
  const { objects, signal, settings, dryRun, counts, now } = context;
  const before = await readSuspects(objects, signal);
  const after = new Table();
  const ripe: Sha256Digest[] = [];
  const room = roomFor(lists);
  for await (const { key } of listAll(objects, { prefix: BLOBS_PREFIX }, signal)) {
    counts.objectsListed++;
    const digest = digestOfData(key);
    // What is not ours to know is not ours to delete.
    if (digest === undefined) continue;
    counts.stored++;
    if (inUse.has(digest)) continue;
    if (lists.some(({ digests }) => digests.has(digest))) continue;
    const since = before.get(digest) ?? now();
    const isRipe = now() - since >= settings.graceMs && ripe.length < room;
    if (isRipe) ripe.push(digest);
    else after.set(digest, since);
  }
  counts.suspected = after.size;
  counts.quarantined = ripe.length;
  counts.inQuarantine = ripe.length + lists.reduce((sum, { digests }) => sum + digests.size, 0);
  if (dryRun) return [...ripe, ...[...after.entries()].map(([digest]) => digest)].slice(0, CANDIDATES_MAX);
  // Announced first: what is in both is in quarantine.
  await announce(context, ripe);
  await context.mayChange();
  if (before.size > 0 || after.size > 0) await writeSuspects(objects, after, now());
  return [];
}

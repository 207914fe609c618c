import { freshName, SUSPECTS_PREFIX } from '../../content/quarantine/keys.ts';
import { hexOf, type Sha256Digest } from '../../oci/digest.ts';
import { DigestTable } from '../../storage/digest-table.ts';
import type { CollectorReader } from '../collector-reader.ts';
import { seal, unseal } from '../sealed.ts';
import type { Cycle } from './context.ts';
import { announce, type ListState, roomFor } from './quarantine-lists.ts';

const MAGIC = Buffer.from('roadstead suspects 1\n');
const ENTRY_BYTES = 32 + 6;
const SEGMENT_ENTRIES = 100_000;
const SEGMENT_MAX_BYTES = 8 * 1024 * 1024;

/**
 * Compares what is stored with what is in use; puts into quarantine what was out of use for the grace, and remembers the
 * rest. A dry run only returns all of it.
 */
export async function compare(
  cycle: Cycle,
  lists: readonly ListState[],
  inUse: DigestTable,
): Promise<Sha256Digest[]> {
  const { reader, settings, dryRun, counts, now } = cycle;
  const before = await readCandidates(reader);
  const after = new DigestTable();
  const ripe: Sha256Digest[] = [];
  const room = roomFor(lists);
  for await (const digest of reader.blobs()) {
    counts.stored++;
    if (inUse.has(digest) || lists.some(({ digests }) => digests.has(digest))) continue;
    const nowMs = now();
    // A later time is of a wall clock that was ahead.
    const since = Math.min(before.get(digest) ?? nowMs, nowMs);
    const isRipe = nowMs - since >= settings.graceMs && ripe.length < room;
    if (isRipe) ripe.push(digest);
    else after.set(digest, since);
  }
  counts.suspected = after.size;
  counts.quarantined = ripe.length;
  counts.inQuarantine = ripe.length + lists.reduce((sum, { digests }) => sum + digests.size, 0);
  if (dryRun) return [...ripe, ...after];
  // Announced first: what is in both is in quarantine.
  await announce(cycle, ripe);
  await cycle.mayChange();
  if (before.size > 0 || after.size > 0) await writeCandidates(cycle, after);
  return [];
}

/**
 * What the last scan did not find in use, and since when no scan has, by the collector's clock. Lost, it is found again,
 * and waits from then on.
 */
async function readCandidates(reader: CollectorReader): Promise<DigestTable> {
  const candidates = new DigestTable();
  for await (const key of reader.keys(SUSPECTS_PREFIX)) {
    const bytes = await reader.objects.read(key, SEGMENT_MAX_BYTES, reader.signal).catch(() => undefined);
    const body = bytes && unseal(MAGIC, bytes);
    for (let at = 0; body && at < body.length; at += ENTRY_BYTES) {
      const digest = `sha256:${body.toString('hex', at, at + 32)}` as Sha256Digest;
      const since = body.readUIntLE(at + 32, 6);
      candidates.set(digest, Math.min(since, candidates.get(digest) ?? since));
    }
  }
  return candidates;
}

/** Replaces what {@link readCandidates} reads; when that breaks off, some is there twice, and nothing is lost. */
async function writeCandidates(cycle: Cycle, candidates: DigestTable): Promise<void> {
  const { reader, objects, now, fence } = cycle;
  const old = await Array.fromAsync(reader.keys(SUSPECTS_PREFIX));
  let entries: Buffer[] = [];
  const flush = async () => {
    if (entries.length === 0) return;
    // One that came late, after it was replaced, would shorten the grace of what was in use since.
    await objects.put(`${SUSPECTS_PREFIX}${freshName(now())}`, seal(MAGIC, entries), { fence });
    entries = [];
  };
  for (const [digest, since] of candidates.entries()) {
    const entry = Buffer.alloc(ENTRY_BYTES);
    entry.write(hexOf(digest), 0, 'hex');
    entry.writeUIntLE(since, 32, 6);
    entries.push(entry);
    if (entries.length === SEGMENT_ENTRIES) await flush();
  }
  await flush();
  if (old.length > 0) await objects.delete(old);
}

import type { ObjectStore } from '../storage/object-store.ts';
import { auditRecords } from './end.ts';
import type { AuditEvent } from './entry.ts';
import type { Place } from './place.ts';
import { writePruned } from './pruned.ts';
import { decodeRecord } from './record.ts';
import { seekTime } from './seek.ts';
import { type Verification, type VerifyOptions, verifyAudit } from './verify.ts';

/**
 * Younger records stay: a node that was busy elsewhere appends behind the last record that it knew, and must not find a
 * free place there.
 */
export const PRUNE_MIN_AGE_MS = 24 * 3_600_000;

export interface PruneOptions extends Omit<VerifyOptions, 'expect'> {
  /** Records before this time are deleted; at least {@link PRUNE_MIN_AGE_MS} ago. */
  readonly before: Date;
  /** Records the pruning itself, durably. */
  readonly record: (change: Pick<AuditEvent, 'action' | 'details'>) => Promise<void>;
}

/** The outcome of a prune: nothing is pruned from a broken chain. */
export type Pruning =
  | { readonly outcome: 'broken'; readonly verification: Verification }
  | { readonly outcome: 'pruned'; readonly deleted: number; readonly upTo: number };

/**
 * Deletes the oldest records. First an entry records up to where, and with which hash, so that the rest of the chain
 * proves what it continues. Interrupted at any point, it is finished by a second call.
 */
export async function pruneAudit(objects: ObjectStore, options: PruneOptions): Promise<Pruning> {
  const { before, record, signal } = options;
  if (Date.now() - before.getTime() < PRUNE_MIN_AGE_MS)
    throw new Error('records younger than a day cannot be pruned from the audit record');
  const verification = await verifyAudit(objects, options);
  const { faults, first, end } = verification;
  if (faults.length > 0) return { outcome: 'broken', verification };
  // Never the last record: the next one names it.
  const kept = end
    ? Math.min(await seekTime(objects, { first, last: end.seq }, before, signal), end.seq)
    : first;
  if (kept === 1) return { outcome: 'pruned', deleted: 0, upTo: 0 };
  const upTo = await placeBefore(objects, kept, signal);
  if (kept > first) await record({ action: 'audit.prune', details: { upTo: upTo.seq, hash: upTo.hash } });
  await writePruned(objects, upTo);
  const deleted = await auditRecords(objects).deleteBelow(kept, signal);
  return { outcome: 'pruned', deleted, upTo: upTo.seq };
}

/** The place before a record, as that record names it. */
async function placeBefore(
  objects: ObjectStore,
  seq: number,
  signal: AbortSignal | undefined,
): Promise<Place> {
  const bytes = await auditRecords(objects).read(seq, signal);
  const stored = bytes && decodeRecord(bytes);
  if (!stored) throw new Error(`the audit record ${seq} can no longer be read`);
  return { seq: seq - 1, hash: stored.record.prev };
}

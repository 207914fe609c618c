import { auditRecords, findEnd } from '../audit/end.ts';
import { storedEntries } from '../publishing/publication/log.ts';
import {
  AUDIT_PREFIX,
  OWN_PREFIX,
  PUBLICATIONS_PREFIX,
  PUBLISHED_PREFIX,
  PUBLISHERS_PREFIX,
} from '../storage/layout.ts';
import type { Copier } from './copier.ts';
import { isCopiedAnyhow } from './kinds.ts';

const NUMBER_MAX_BYTES = 64;
const TRIES_MAX = 5;

/**
 * Copies the publication log up to an entry that was the last one when this began, and the publication numbers up to
 * there. To be called after tags were read: a tag that a promotion moved has its entry then. A number is written after
 * its entry, and all but those of the newest entry are there by now.
 */
export async function copyLog(copier: Copier): Promise<void> {
  const { source, signal } = copier;
  const entries = storedEntries(source);
  const head = await entries.end(0, signal);
  await copier.copyBelow(PUBLISHERS_PREFIX);
  const later = new Set<string>();
  for await (const { key, inSource, inTarget } of copier.compare(PUBLISHED_PREFIX)) {
    if (!inSource || inTarget) continue;
    const number = Number((await source.read(key, NUMBER_MAX_BYTES, signal))?.toString('ascii'));
    if (!(number <= head)) later.add(key);
  }
  await copier.copyBelow(PUBLISHED_PREFIX, { isWanted: (key) => !later.has(key) });
  await copier.copyBelow(PUBLICATIONS_PREFIX, { isWanted: (key) => (entries.numberOf(key) ?? 0) <= head });
}

/** Copies everything else below `roadstead/` but the audit record, which comes last. */
export async function copyOwn(copier: Copier): Promise<string[]> {
  const gone: string[] = [];
  await copier.copyBelow(OWN_PREFIX, { isWanted: isCopiedAnyhow, onGone: (key) => gone.push(key) });
  return gone;
}

/**
 * Copies the audit record up to a record that was the last one when this began. To be called last: each change that was
 * copied has its entry by then. Returns the keys of what was pruned since.
 */
export async function copyAudit(copier: Copier): Promise<string[]> {
  for (let tries = 1; ; tries++) {
    const records = auditRecords(copier.source);
    const { seq: end } = await findEnd(copier.source, undefined, copier.signal);
    const gone: string[] = [];
    let isPruned = false;
    await copier.copyBelow(AUDIT_PREFIX, {
      isWanted: (key) => (records.numberOf(key) ?? 0) <= end,
      onGone: (key) => gone.push(key),
      onVanished: () => {
        isPruned = true;
      },
    });
    // Records that were pruned in between leave a gap that only a later record explains.
    if (!isPruned || tries === TRIES_MAX) return gone;
  }
}

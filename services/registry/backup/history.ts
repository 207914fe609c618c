import { auditRecords } from '../audit/end.ts';
import { readPruned } from '../audit/pruned.ts';
import { storedEntries } from '../publishing/publication/log.ts';
import { OperatorError } from '../runtime/operator-error.ts';
import type { Numbered } from '../storage/numbered.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/**
 * Throws unless the target's log and record are a beginning of the source's: numbered objects are never read again, so
 * that those of another store, or of one that was restored to an earlier state, would be mixed.
 */
export async function expectSameHistory(
  source: ObjectStore,
  target: ObjectStore,
  remedy: string,
  signal?: AbortSignal,
): Promise<void> {
  await expectBeginning('publication', storedEntries(source), storedEntries(target), 0, remedy, signal);
  const pruned = (await readPruned(source, signal))?.seq ?? 0;
  await expectBeginning('audit record', auditRecords(source), auditRecords(target), pruned, remedy, signal);
}

async function expectBeginning(
  what: string,
  source: Numbered,
  target: Numbered,
  pruned: number,
  remedy: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const last = await target.newest(signal);
  if (last === undefined || last.number <= pruned) return;
  const same = await source.read(last.number, signal);
  if (same?.equals(last.bytes)) return;
  const found = same ? 'is another one' : 'is missing';
  throw new OperatorError(`${what} ${last.number} of the target ${found} in the source: ${remedy}`);
}

import { AUDIT_PREFIX, auditRecordKey } from '../storage/layout.ts';
import { Numbered } from '../storage/numbered.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Place } from './place.ts';
import { readPruned } from './pruned.ts';
import { BEGINNING, hashOf, RECORD_MAX_BYTES } from './record.ts';

/** How often the search is repeated when records are pruned, or cannot be read, while it runs. */
const TRIES_MAX = 5;

/** The records of the chain, by number. */
export function auditRecords(objects: ObjectStore): Numbered {
  return new Numbered(objects, { prefix: AUDIT_PREFIX, keyOf: auditRecordKey, maxBytes: RECORD_MAX_BYTES });
}

/**
 * Finds the newest record, from one that is known to exist. Costs two reads more than {@link Numbered.end}, however
 * long the record is.
 */
export async function findEnd(
  objects: ObjectStore,
  known: Place = BEGINNING,
  signal?: AbortSignal,
): Promise<Place> {
  const records = auditRecords(objects);
  let from: Place = known;
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const end = await records.end(from.seq, signal);
    const pruned = await readPruned(objects, signal);
    if (pruned && pruned.seq >= end && pruned.seq > from.seq) {
      // The missing record was pruned: the end is beyond it.
      from = pruned;
      continue;
    }
    if (end === 0) {
      // Nothing was written yet, or the note of what was pruned has been deleted.
      const { value: first, done } = await records.numbers(signal).next();
      if (done) return BEGINNING;
      from = { seq: first, hash: '' };
      continue;
    }
    if (end === from.seq && from.hash !== '') return from;
    const bytes = await records.read(end, signal);
    if (bytes) return { seq: end, hash: hashOf(bytes) };
  }
  throw new Error('the end of the audit record cannot be found: listed records do not exist');
}

import { AUDIT_PREFIX, auditRecordKey } from '../storage/layout.ts';
import { endOfLog } from '../storage/log-end.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { readPruned } from './pruned.ts';
import { BEGINNING, hashOf, type Place, RECORD_MAX_BYTES } from './record.ts';

/** How often the search starts again when records are pruned or become unreadable during it. */
const TRIES_MAX = 5;

/** The bytes of a record; undefined if it does not exist. */
export function readBytes(
  objects: ObjectStore,
  seq: number,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  return objects.read(auditRecordKey(seq), RECORD_MAX_BYTES, signal);
}

/** The number of the record with this key; undefined for other keys. */
export function seqOf(key: string): number | undefined {
  const seq = Number(/\/(\d{12})\.jsonl$/.exec(key)?.[1]);
  return seq > 0 && key === auditRecordKey(seq) ? seq : undefined;
}

/**
 * Finds the newest record, starting from one that is known to exist. Costs two reads more than {@link endOfLog}, however
 * long the record is.
 */
export async function findEnd(
  objects: ObjectStore,
  known: Place = BEGINNING,
  signal?: AbortSignal,
): Promise<Place> {
  const has = async (seq: number) => (await objects.stat(auditRecordKey(seq), signal)) !== undefined;
  let from: Place = known;
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const end = await endOfLog(from.seq, has);
    const pruned = await readPruned(objects, signal);
    if (pruned && pruned !== 'malformed' && pruned.seq >= end && pruned.seq > from.seq) {
      // The missing record was pruned: the end is beyond it.
      from = pruned;
      continue;
    }
    if (end === 0) {
      // Nobody has written anything yet, or somebody has deleted the note of what was pruned.
      const first = await firstListed(objects, signal);
      if (first === undefined) return BEGINNING;
      from = { seq: first, hash: '' };
      continue;
    }
    if (end === from.seq && from.hash !== '') return from;
    const bytes = await readBytes(objects, end, signal);
    if (bytes) return { seq: end, hash: hashOf(bytes) };
  }
  throw new Error('the end of the audit record cannot be found: listed records do not exist');
}

/** The first record in a listing. */
export async function firstListed(objects: ObjectStore, signal?: AbortSignal): Promise<number | undefined> {
  for await (const { key } of listAll(objects, { prefix: AUDIT_PREFIX, pageSize: 10 }, signal)) {
    const seq = seqOf(key);
    if (seq !== undefined) return seq;
  }
  return undefined;
}

import { pMapIterable } from 'p-map';
import { isRepositoryName } from '../oci/names.ts';
import type { RepositoryPattern } from '../oci/repository-pattern.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { ActorTest } from './actor.ts';
import { auditRecords, findEnd } from './end.ts';
import type { AuditEntry } from './entry.ts';
import { readPruned } from './pruned.ts';
import { decodeRecord } from './record.ts';
import { CLOCKS_MS, seekTime, timeOf } from './seek.ts';

/** Which entries to read; all unless given. */
export interface AuditQuery {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly isByActor?: ActorTest | undefined;
  readonly repository?: RepositoryPattern | undefined;
}

/** An entry, or the number of a record that is missing or cannot be read. */
export type ReadEntry =
  | ({ readonly seq: number } & AuditEntry)
  | { readonly seq: number; readonly lost: true };

const READS_AT_ONCE = 16;

/**
 * Entries of the audit record, newest first. Reads only what it yields and, if a time is given, a few more records to
 * find it. This verifies nothing (see {@link import('./verify.ts').verifyAudit}).
 */
export async function* readAudit(objects: ObjectStore, query: AuditQuery): AsyncGenerator<ReadEntry> {
  const first = ((await readPruned(objects))?.seq ?? 0) + 1;
  const end = await findEnd(objects);
  const { since, until } = query;
  const last = until
    ? await seekTime(objects, { first, last: end.seq }, new Date(until.getTime() + 2 * CLOCKS_MS))
    : end.seq;
  const stored = auditRecords(objects);
  const records = pMapIterable(
    down(Math.min(last, end.seq), first),
    async (seq) => {
      const bytes = await stored.read(seq);
      return { seq, record: bytes && decodeRecord(bytes)?.record };
    },
    { concurrency: READS_AT_ONCE },
  );
  for await (const { seq, record } of records) {
    if (record === undefined) {
      yield { seq, lost: true };
      continue;
    }
    if (since && timeOf(record) < since.getTime() - CLOCKS_MS) return;
    for (const entry of record.entries.toReversed()) if (isWanted(query, entry)) yield { seq, ...entry };
  }
}

function* down(last: number, first: number): Generator<number> {
  for (let seq = last; seq >= first; seq--) yield seq;
}

function isWanted(query: AuditQuery, { at, actor, repository }: AuditEntry): boolean {
  const time = Date.parse(at);
  if (query.since && time < query.since.getTime()) return false;
  if (query.until && time > query.until.getTime()) return false;
  if (query.isByActor?.(actor) === false) return false;
  if (query.repository === undefined) return true;
  return repository !== undefined && isRepositoryName(repository) && query.repository.matches(repository);
}
